/**
 * What a checkpoint says of itself, without its weights.
 *
 * @module
 */

import { FormatError } from "../../lib/input_error.ts";
import { splitSafetensors } from "../../lib/safetensors.ts";

/** Metadata of a checkpoint's file, and when that was written. */
export interface CheckpointHeader {
  /** By its key without `weena.`; undefined where it is missing. */
  readonly metadata: (key: string) => string | undefined;
  readonly time: Date;
}

/** The longest header that is read, in bytes. */
const MOST_HEADER = 100_000_000;

/**
 * Reads the header of a checkpoint.
 *
 * @throws {FormatError} If it is none, or the file is cut off.
 */
export async function readHeader(path: string): Promise<CheckpointHeader> {
  using file = await Deno.open(path);
  const { size, mtime } = await file.stat();
  const start = new Uint8Array(8);
  if (size < 8) throw new FormatError(`${path} is too short`);
  await readFull(file, start, path);
  const length = Number(new DataView(start.buffer).getBigUint64(0, true));
  const bytes = new Uint8Array(8 + Math.min(length, size - 8, MOST_HEADER));
  bytes.set(start);
  await readFull(file, bytes.subarray(8), path);
  const { header } = splitSafetensors(bytes);
  const entries = header.get("__metadata__");
  let end = 0;
  for (const [name, entry] of header) {
    if (name === "__metadata__" || !(entry instanceof Map)) continue;
    const offsets = entry.get("data_offsets");
    if (Array.isArray(offsets)) end = Math.max(end, Number(offsets[1]));
  }
  if (size !== 8 + length + end) throw cutOff(path);
  return {
    metadata: (key) => {
      const value = entries instanceof Map
        ? entries.get(`weena.${key}`)
        : undefined;
      return typeof value === "string" ? value : undefined;
    },
    time: mtime ?? new Date(0),
  };
}

async function readFull(
  file: Deno.FsFile,
  bytes: Uint8Array,
  path: string,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const read = await file.read(bytes.subarray(at));
    if (read === null) throw cutOff(path);
    at += read;
  }
}

function cutOff(path: string): FormatError {
  return new FormatError(`${path} is truncated`);
}
