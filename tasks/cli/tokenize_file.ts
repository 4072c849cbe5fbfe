/**
 * Text files to corpora, and what is said of files that are none.
 *
 * @module
 */

import { FormatError } from "../../lib/input_error.ts";
import { type FileKind, fileKind } from "../../lib/exchange/file_kind.ts";
import {
  foreignFormat,
  iconvCommand,
} from "../../lib/exchange/foreign_format.ts";
import type { Corpus, TokenizeOptions } from "../../lib/text/corpus.ts";
import { tokenizeStream } from "../../lib/tokenize.ts";
import { streamWanted } from "./files.ts";
import { assertInputFile } from "./input_file.ts";
import { EXIT, TaskError } from "./exit.ts";
import { say } from "./terminal.ts";

const WHAT = "text (--corpus)";

/** Bytes of a file's beginning that are looked at for what it is. */
const HEAD = 2 ** 16;

/** Where it decodes, a file of another kind is still a text, and may be wanted. */
const NO_TEXTS: ReadonlySet<FileKind | undefined> = new Set<FileKind>([
  ...["utf-16", "utf-16le", "utf-16be"] as const,
  ...["utf-32", "utf-32le", "utf-32be"] as const,
  "git-lfs",
]);

/**
 * Tokenizes a file of any size, piece by piece.
 *
 * @throws {TaskError} If it cannot be read, or is not in UTF-8: says what it looks
 * like, and the command that makes a text of it. Where bytes are taken as they are,
 * what looks like no text is a note on stderr.
 */
export async function tokenizeFile(
  path: string,
  options: TokenizeOptions,
): Promise<Corpus> {
  await assertInputFile(path, WHAT);
  const isRaw = options.level === "byte" && options.normalize !== "letters";
  let head = new Uint8Array();
  async function* pieces() {
    let isFirst = true;
    for await (const piece of streamWanted(path, WHAT)) {
      if (isFirst) {
        head = piece.slice(0, HEAD);
        const said = notice(head, path, isRaw);
        if (said) say(`note: ${said}`);
      }
      isFirst = false;
      yield piece;
    }
  }
  try {
    return await tokenizeStream(pieces(), { name: path, ...options });
  } catch (error) {
    throw explained(error, path, head);
  }
}

/**
 * The error of a text that cannot be decoded, with what it looks like and what to do;
 * any other error as it is.
 *
 * @param head The text, or its first bytes.
 */
export function explained(
  error: unknown,
  path: string,
  head: Uint8Array,
): unknown {
  if (!(error instanceof FormatError)) return error;
  return new TaskError(
    EXIT.input,
    notUtf8(path, head.subarray(0, HEAD), error.message),
  );
}

/**
 * What is to be said of a text's file that begins so, if anything.
 *
 * @param isRaw Whether its bytes are taken as they are, whatever they are.
 * @throws {TaskError} If it is no text.
 */
export function notice(
  head: Uint8Array,
  path: string,
  isRaw: boolean,
): string | undefined {
  const kind = fileKind(head);
  if (kind === undefined) return undefined;
  if (kind === "html") {
    return `${path} is an HTML page, so the model will also learn its tags`;
  }
  const foreign = `${path} is ${foreignFormat(head, path)}`;
  if (isRaw) return foreign;
  if (NO_TEXTS.has(kind)) throw new TaskError(EXIT.input, foreign);
}

/** Why a file cannot be decoded, with what to do. */
function notUtf8(path: string, head: Uint8Array, message: string): string {
  const foreign = foreignFormat(head, path);
  if (foreign) return `${path} is ${foreign}`;
  const [where] = message.split(/(?<=\.) /); // its first sentence
  return `${path}: ${where} ${advice(path, head)}; --level byte ` +
    "--normalize none models the bytes as they are";
}

/** What a text that is not in UTF-8 is likely to be in. */
function advice(path: string, head: Uint8Array): string {
  const decoder = new TextDecoder();
  const [sound] = decoder.decode(head, { stream: true }).split("\ufffd");
  if (/[^\0-\x7f]/.test(sound)) {
    return "Everything before that is, so the file is damaged or " +
      "truncated, or parts of it are in another encoding: " +
      `${iconvCommand("UTF-8", path, { drops: true })} leaves out ` +
      "what is not UTF-8";
  }
  const high = head.filter((byte) => byte >= 0x80).length;
  return high < 0.3 * head.length
    ? "It may be Windows-1252 (Latin-1): " +
      `${iconvCommand("WINDOWS-1252", path)} converts it`
    : `It is in another encoding, such as WINDOWS-1251 or KOI8-R (Russian), ` +
      `GB18030 (Chinese) or SHIFT_JIS (Japanese): ` +
      `${iconvCommand("ENCODING", path)} converts it`;
}
