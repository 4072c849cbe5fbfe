/** What a file is that weena does not read, by how it begins. */
export type FileKind =
  | "gzip"
  | "bzip2"
  | "xz"
  | "zstd"
  | "7z"
  | "zip"
  | "torch"
  | "gguf"
  | "hdf5"
  | "numpy"
  | "pdf"
  | "git-lfs"
  | "html"
  | "utf-16"
  | "utf-16le"
  | "utf-16be"
  | "utf-32"
  | "utf-32le"
  | "utf-32be";

/** How files of each kind begin, in ASCII and `\x`; the first that fits counts. */
const BEGINNINGS: readonly (readonly [FileKind, string])[] = [
  ["gzip", "\x1f\x8b\x08"],
  ["bzip2", "BZh"],
  ["xz", "\xfd7zXZ\0"],
  ["zstd", "\x28\xb5\x2f\xfd"],
  ["7z", "7z\xbc\xaf\x27\x1c"],
  ["zip", "PK\x03\x04"],
  ["zip", "PK\x05\x06"], // an empty one
  ["gguf", "GGUF"],
  ["hdf5", "\x89HDF\r\n\x1a\n"],
  ["numpy", "\x93NUMPY"],
  ["pdf", "%PDF-"],
  ["git-lfs", "version https://git-lfs.github.com/spec/"],
  ["utf-32", "\xff\xfe\0\0"],
  ["utf-32", "\0\0\xfe\xff"],
  ["utf-16", "\xff\xfe"],
  ["utf-16", "\xfe\xff"],
];

/** Bytes of a file's beginning that are enough to tell what it is. */
const ENOUGH = 4096;

/**
 * What a file is, by its first bytes: a compressed one, a document, a text that is not
 * in UTF-8. Undefined for all that weena reads, and all that it does not know.
 *
 * @example
 * ```ts
 * import { fileKind } from "./file_kind.ts";
 *
 * console.assert(fileKind(Uint8Array.of(0x1f, 0x8b, 8, 0)) === "gzip");
 * console.assert(fileKind(new TextEncoder().encode("a text")) === undefined);
 * ```
 */
export function fileKind(bytes: Uint8Array): FileKind | undefined {
  const head = bytes.subarray(0, ENOUGH);
  if (mayBeSafetensors(head)) return undefined;
  const start = latin1(head);
  const [kind] = BEGINNINGS.find(([, begins]) => start.startsWith(begins)) ??
    [];
  if (kind === "zip" && isTorch(start)) return "torch";
  if (kind) return kind;
  if (isPickle(head)) return "torch";
  if (/^(\xef\xbb\xbf)?\s*<(!doctype html|html)[\s>]/i.test(start)) {
    return "html";
  }
  return wideEncoding(head);
}

/** Whether these bytes are in UTF-8, the last character perhaps cut, without controls. */
export function isText(bytes: Uint8Array): boolean {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    // deno-lint-ignore no-control-regex
    return !/[\0-\x08\x0e-\x1f]/.test(decoder.decode(bytes, { stream: true }));
  } catch {
    return false;
  }
}

/** Whether a length below 2³² and an object follow each other: no other kind has both. */
function mayBeSafetensors(head: Uint8Array): boolean {
  return head.length > 8 && head.subarray(4, 8).every((byte) => byte === 0) &&
    /^\s*\{/.test(latin1(head.subarray(8, 64)));
}

/**
 * Whether a zip archive is one of torch.save's: by the name of its first file, or by the
 * version it asks for, which others do not leave 0.
 */
function isTorch(zip: string): boolean {
  const [version, length] = [4, 26].map((at) =>
    zip.charCodeAt(at) + 256 * zip.charCodeAt(at + 1)
  );
  return version === 0 ||
    /(^|\/)(data\.pkl|byteorder|version|\.format_version)$/
      .test(zip.slice(30, 30 + length));
}

/** Whether it is a pickle of protocol 2 to 5, as torch.save once wrote. */
function isPickle([protocol, version]: Uint8Array): boolean {
  return protocol === 0x80 && version >= 2 && version <= 5;
}

/**
 * Which encoding of two or four bytes a character a text without a byte-order mark is
 * in. Spaces and line ends, if nothing else, have zeros there, all in the same places;
 * in UTF-8 there are none.
 */
function wideEncoding(head: Uint8Array): FileKind | undefined {
  const zeros = [0, 0, 0, 0];
  head.forEach((byte, i) => {
    if (byte === 0) zeros[i % 4]++;
  });
  const [z0, z1, z2, z3] = zeros, all = z0 + z1 + z2 + z3;
  if (head.length < 4 || all < Math.min(8, 0.25 * head.length)) {
    return undefined;
  }
  const groups = head.length / 4;
  if (Math.min(z2, z3) >= 0.9 * groups && z0 < 0.1 * groups) return "utf-32le";
  if (Math.min(z0, z1) >= 0.9 * groups && z3 < 0.1 * groups) return "utf-32be";
  if (z1 + z3 >= 0.95 * all) return "utf-16le";
  if (z0 + z2 >= 0.95 * all) return "utf-16be";
}

/** Each byte as the character of the same number. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
