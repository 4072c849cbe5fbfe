/**
 * Models from files.
 *
 * @module
 */

import { foreignFormat } from "../../lib/exchange/foreign_format.ts";
import { CheckpointError } from "../../lib/training/checkpoint.ts";
import { EXIT, TaskError } from "./exit.ts";
import { exists, readWanted } from "./files.ts";
import { say } from "./terminal.ts";

/** The first of some files that is whole; of those before it is said what is wrong. */
export async function firstSound<Model>(
  [path, ...others]: readonly string[],
  decode: (bytes: Uint8Array) => Promise<Model>,
): Promise<{ path: string; model: Model }> {
  try {
    return { path, model: await readModel(path, decode) };
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    // It is not damaged: what cannot be read now may well be read later.
    if (error.exitCode === EXIT.files && await exists(path)) throw error;
    const rest: string[] = [];
    for (const other of others) if (await exists(other)) rest.push(other);
    if (rest.length === 0) throw error;
    say(`${error.message}; using ${rest[0]}`);
    return await firstSound(rest, decode);
  }
}

/** A model from its file. */
export async function readModel<Model>(
  path: string,
  decode: (bytes: Uint8Array) => Promise<Model>,
): Promise<Model> {
  const bytes = await readWanted(path, "checkpoint");
  const foreign = foreignFormat(bytes, path);
  if (foreign) throw new TaskError(EXIT.input, `${path} is ${foreign}`);
  try {
    return await decode(bytes);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw new TaskError(EXIT.input, `${path}: ${error.message}`);
  }
}
