import { type FileKind, fileKind } from "./file_kind.ts";

/**
 * What a file is that is taken for a safetensors file, or for a text, and is a
 * well-known other one: the end of a sentence, with what to do about it. Undefined for
 * all others.
 *
 * @param bytes The file, or its first 4096 bytes.
 * @param path What the file is called, for the commands in the sentence.
 *
 * @example
 * ```ts
 * import { foreignFormat } from "./foreign_format.ts";
 *
 * const bytes = Uint8Array.of(0x1f, 0x8b, 8, 0);
 * console.assert(
 *   foreignFormat(bytes, "book.txt.gz") ===
 *     "compressed with gzip: gunzip -k book.txt.gz unpacks it",
 * );
 * ```
 */
export function foreignFormat(
  bytes: Uint8Array,
  path = "FILE",
): string | undefined {
  const kind = fileKind(bytes);
  return kind && SENTENCES[kind](shellWord(path), path);
}

/**
 * The command that makes a text in UTF-8 of one in another encoding.
 *
 * @param drops Whether what is not in that encoding is left out.
 */
export function iconvCommand(
  encoding: string,
  path: string,
  { drops = false }: { readonly drops?: boolean } = {},
): string {
  const output = `${withoutEnding(path)}-utf8.txt`;
  return `iconv ${drops ? "-c " : ""}-f ${encoding} -t UTF-8 ` +
    `${shellWord(path)} > ${shellWord(output)}`;
}

/** The end of the sentence for each kind. */
const SENTENCES: Readonly<
  Record<FileKind, (file: string, path: string) => string>
> = {
  gzip: (file) => `compressed with gzip: gunzip -k ${file} unpacks it`,
  bzip2: (file) => `compressed with bzip2: bunzip2 -k ${file} unpacks it`,
  xz: (file) => `compressed with xz: unxz -k ${file} unpacks it`,
  zstd: (file) => `compressed with zstd: unzstd ${file} unpacks it`,
  "7z": (file) => `a 7z archive: 7z x ${file} unpacks it`,
  zip: (file) =>
    `a zip archive: unzip ${file} unpacks it; .docx, .odt and .epub ` +
    "files are zip archives too, and have to be saved as plain text " +
    "in the program they come from",
  torch: () =>
    "a file written by torch.save, which can contain code that runs " +
    "when it is loaded. If you trust it, convert it in Python: " +
    "import torch, safetensors.torch as s; " +
    's.save_file(torch.load("model.pt", map_location="cpu"), ' +
    '"model.safetensors")',
  gguf: () =>
    "a GGUF file, which holds a different kind of model, not a " +
    "recurrent one",
  hdf5: () => "an HDF5 file; weights are read from safetensors files",
  numpy: () =>
    "a NumPy file; weights are read from safetensors files, which " +
    "safetensors.numpy.save_file writes in Python",
  pdf: (file, path) =>
    `a PDF document: pdftotext ${file} ` +
    `${shellWord(`${withoutEnding(path)}.txt`)} extracts its text`,
  "git-lfs": () =>
    "a Git LFS pointer, not the file itself: git lfs pull downloads " +
    "it",
  html: () =>
    "an HTML page, which a site may send instead of a file that is " +
    "missing or needs a login: download it again",
  "utf-16": wide("UTF-16"),
  "utf-16le": wide("UTF-16LE"),
  "utf-16be": wide("UTF-16BE"),
  "utf-32": wide("UTF-32"),
  "utf-32le": wide("UTF-32LE"),
  "utf-32be": wide("UTF-32BE"),
};

function wide(encoding: string): (file: string, path: string) => string {
  return (_, path) =>
    `a text in ${encoding}, not in UTF-8: ${iconvCommand(encoding, path)} ` +
    `converts it`;
}

function withoutEnding(path: string): string {
  return path.replace(/\.[^./\\]*$/, "");
}

/** A word as a POSIX shell reads it. */
function shellWord(word: string): string {
  return /^[\p{L}\p{N}\w./:=@%+,-]+$/u.test(word)
    ? word
    : `'${word.replaceAll("'", `'\\''`)}'`;
}
