/**
 * Files of JSON lines, each of an epoch: metrics.jsonl and samples.jsonl.
 *
 * @module
 */

import { fileError } from "./file_error.ts";
import { isAt, temporaryPath } from "./files.ts";

/** A line: an object with an epoch, from 1 on, and anything else. */
export interface EpochLine {
  readonly epoch: number;
  readonly [key: string]: unknown;
}

/** Such a file while its run is trained. */
export class EpochLines implements Disposable {
  #path: string;
  #file: Deno.FsFile;
  /** Bytes of whole lines in the file. */
  #length = 0;
  /** Lines that could not be written yet. */
  #pending: Uint8Array[] = [];

  /**
   * Opens the file of a run that is held, and makes it if it is not there.
   *
   * @param epochs How many epochs' lines are kept; those of later epochs, which a
   * checkpoint does not know, and what is no line of an epoch go.
   * @throws {TaskError} If the file cannot be read or written.
   */
  constructor(path: string, epochs: number) {
    this.#path = path;
    this.#file = openLines(path);
    try {
      this.#keep(linesUpTo(Deno.readFileSync(path), epochs));
    } catch (error) {
      this.#file.close();
      throw fileError(error, "write", path);
    }
  }

  /**
   * Appends a line. If that fails it is tried again with the next, and at the latest
   * by {@linkcode sync}.
   */
  append(line: string): void {
    this.#pending.push(new TextEncoder().encode(line));
    this.#flush();
  }

  /** Waits until all lines are on the disk, in the file that has the path. */
  sync(): void {
    this.#flush();
    try {
      this.#file.syncSync();
    } catch (error) {
      throw fileError(error, "write", this.#path);
    }
  }

  /** Whether the file is still the one at its path: nobody has replaced it. */
  isInPlace(): boolean {
    return isAt(this.#file, this.#path);
  }

  /** Writes all lines anew, to the same path or to another. */
  rewrite(path: string = this.#path): void {
    try {
      const lines = new Uint8Array(this.#length);
      this.#file.seekSync(0, Deno.SeekMode.Start);
      for (let at = 0; at < lines.length;) {
        at += this.#file.readSync(lines.subarray(at)) ?? lines.length;
      }
      this.#path = path;
      this.#writeAnew(lines);
    } catch (error) {
      throw fileError(error, "write", path);
    }
    this.#flush();
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #flush(): void {
    try {
      while (this.#pending.length > 0) {
        const line = this.#pending[0];
        writeSync(this.#file, line);
        this.#pending.shift();
        this.#length += line.length;
      }
    } catch (error) {
      this.#cutTornLine();
      throw fileError(error, "write", this.#path);
    }
  }

  #cutTornLine(): void {
    try {
      this.#file.truncateSync(this.#length);
      this.#file.seekSync(this.#length, Deno.SeekMode.Start);
    } catch {
      // A reader passes over it.
    }
  }

  /** Makes these lines the file's contents: in place if it begins with them. */
  #keep({ lines, isPrefix }: KeptLines): void {
    if (!isPrefix) return this.#writeAnew(lines);
    this.#file.truncateSync(lines.length);
    this.#file.seekSync(lines.length, Deno.SeekMode.Start);
    this.#length = lines.length;
  }

  /** Puts a new file in place of the one that has the path, whole. */
  #writeAnew(lines: Uint8Array): void {
    const temporary = temporaryPath(this.#path);
    const file = Deno.openSync(temporary, {
      createNew: true,
      read: true,
      write: true,
    });
    try {
      writeSync(file, lines);
      file.syncSync();
      Deno.renameSync(temporary, this.#path);
    } catch (error) {
      file.close();
      Deno.removeSync(temporary);
      throw error;
    }
    this.#file.close();
    this.#file = file;
    this.#length = lines.length;
  }
}

function writeSync(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    at += file.writeSync(bytes.subarray(at));
  }
}

function openLines(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { create: true, read: true, write: true });
  } catch (error) {
    throw fileError(error, "write", path);
  }
}

/** The lines of epochs, what is no such line left out; none where there is no such file. */
export async function readEpochLines(path: string): Promise<EpochLine[]> {
  try {
    return [...soundLines(await Deno.readFile(path))].map(({ line }) => line);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Lines of a file, and whether it begins with them, nothing between. */
interface KeptLines {
  readonly lines: Uint8Array;
  readonly isPrefix: boolean;
}

/** The lines of the first epochs. */
function linesUpTo(bytes: Uint8Array, epochs: number): KeptLines {
  const lines = new Uint8Array(bytes.length);
  let length = 0, isPrefix = true;
  for (const { line, start, end } of soundLines(bytes)) {
    if (line.epoch > epochs) continue;
    isPrefix &&= start === length;
    lines.set(bytes.subarray(start, end), length);
    length += end - start;
  }
  return { lines: lines.subarray(0, length), isPrefix };
}

/** Each whole line of an epoch, and where it begins and ends. */
function* soundLines(
  bytes: Uint8Array,
): Generator<{ line: EpochLine; start: number; end: number }, void> {
  const decoder = new TextDecoder();
  for (let start = 0, at; (at = bytes.indexOf(0x0a, start)) >= 0;) {
    const end = at + 1;
    const line = readLine(decoder.decode(bytes.subarray(start, at)));
    if (line) yield { line, start, end };
    start = end;
  }
}

function readLine(text: string): EpochLine | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return isEpochLine(line) ? line : undefined;
  } catch {
    return undefined;
  }
}

function isEpochLine(line: unknown): line is EpochLine {
  return typeof line === "object" && line !== null && "epoch" in line &&
    Number.isSafeInteger(line.epoch);
}
