/**
 * Files of JSON lines, each of an epoch: metrics.jsonl and samples.jsonl.
 *
 * @module
 */

import { EXIT, TaskError } from "./run_task.ts";

/** A line: an object with an epoch, from 1 on, and anything else. */
export interface EpochLine {
  readonly epoch: number;
  readonly [key: string]: unknown;
}

/** Such a file while its run is trained; no other process can open it then. */
export class EpochLines implements Disposable {
  readonly #file: Deno.FsFile;

  /**
   * Opens the file, and makes it if it is not there.
   *
   * @param epochs How many epochs' lines are kept; those of later epochs, which a
   * checkpoint does not know, and a torn one go.
   * @throws {TaskError} If another process trains the run.
   */
  constructor(path: string, epochs: number) {
    this.#file = Deno.openSync(path, { create: true, read: true, write: true });
    if (!this.#file.tryLockSync(true)) {
      this.#file.close();
      throw new TaskError(
        EXIT.files,
        `another process is training this run: ${path} is locked`,
      );
    }
    const kept = keptBytes(Deno.readFileSync(path), epochs);
    this.#file.truncateSync(kept);
    this.#file.seekSync(kept, Deno.SeekMode.Start);
  }

  /** Appends one line, in one piece. */
  append(line: string): void {
    let bytes = new TextEncoder().encode(line);
    while (bytes.length > 0) {
      bytes = bytes.subarray(this.#file.writeSync(bytes));
    }
  }

  /** Waits until all lines are on the disk. */
  sync(): void {
    this.#file.syncSync();
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** The lines up to the first that is torn; none where there is no such file. */
export async function readEpochLines(path: string): Promise<EpochLine[]> {
  try {
    return [...soundLines(await Deno.readFile(path))].map(({ line }) => line);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** How long the lines of the first epochs are, in bytes. */
function keptBytes(bytes: Uint8Array, epochs: number): number {
  let kept = 0;
  for (const { line, end } of soundLines(bytes)) {
    if (line.epoch > epochs) break;
    kept = end;
  }
  return kept;
}

/** Each whole line, and where it ends. */
function* soundLines(
  bytes: Uint8Array,
): Generator<{ line: EpochLine; end: number }, void> {
  const decoder = new TextDecoder();
  for (let start = 0, at; (at = bytes.indexOf(0x0a, start)) >= 0;) {
    const end = at + 1;
    let line: unknown;
    try {
      line = JSON.parse(decoder.decode(bytes.subarray(start, at)));
    } catch {
      return;
    }
    if (!isEpochLine(line)) return;
    yield { line, end };
    start = end;
  }
}

function isEpochLine(line: unknown): line is EpochLine {
  return typeof line === "object" && line !== null && "epoch" in line &&
    Number.isSafeInteger(line.epoch);
}
