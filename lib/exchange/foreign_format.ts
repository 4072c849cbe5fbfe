/** How PyTorch's own files begin: as a zip archive, or as a pickle, which they once were. */
const ZIP = [0x50, 0x4b, 0x03, 0x04];
const GGUF = [0x47, 0x47, 0x55, 0x46];

/**
 * What a file is that is taken for a safetensors file and is a well-known other one:
 * the end of a sentence, with what to do about it. Undefined for all others.
 *
 * @example
 * ```ts
 * import { foreignFormat } from "./foreign_format.ts";
 *
 * const bytes = new TextEncoder().encode("GGUF...");
 * console.assert(foreignFormat(bytes)!.startsWith("a GGUF file"));
 * ```
 */
export function foreignFormat(bytes: Uint8Array): string | undefined {
  const begins = (magic: readonly number[]) =>
    magic.every((byte, i) => bytes[i] === byte);
  if (begins(ZIP) || isPickle(bytes)) {
    return "a file of torch.save, which can run any program that is in it. " +
      "Convert it where you trust it, in Python: import torch, " +
      'safetensors.torch as s; s.save_file(torch.load("model.pt", ' +
      'map_location="cpu"), "model.safetensors")';
  }
  if (begins(GGUF)) {
    return "a GGUF file, which holds a model of another kind than recurrent ones";
  }
}

/** Whether the bytes begin as a pickle, and cannot be the length of a header. */
function isPickle(bytes: Uint8Array): boolean {
  const [protocol, version] = bytes;
  return protocol === 0x80 && version >= 2 && version <= 5 &&
    (bytes.length < 8 || bytes.subarray(4, 8).some((byte) => byte !== 0));
}
