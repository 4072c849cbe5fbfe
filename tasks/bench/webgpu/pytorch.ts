/**
 * PyTorch on the same work, where it is installed and has a GPU.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";
import { EXIT, TaskError } from "../../cli/exit.ts";
import type { Sizes } from "../training_model.ts";

/** A line that pytorch.py prints. */
export interface PyTorchRate {
  /** `nn`: the layer called as usual; `graph`: all replayed from a CUDA graph. */
  readonly variant: "nn" | "graph";
  readonly hidden_size: number;
  readonly batch_size: number;
  readonly tokens_per_second: number;
  /** Of PyTorch. */
  readonly version: string;
  readonly device: string;
}

/** What was measured; or what is missing, that nothing could be. */
export type PyTorchResult =
  | { readonly rates: readonly PyTorchRate[] }
  | { readonly missing: string };

/**
 * Measures PyTorch on all sizes, which have one cell and one number of steps.
 *
 * @param command The Python that has torch. Default: `python3`.
 * @throws {TaskError} If it fails.
 */
export async function benchPyTorch(
  all: readonly Sizes[],
  seconds: number,
  command: string = "python3",
): Promise<PyTorchResult> {
  const [{ cell, numSteps }] = all;
  const script = fromFileUrl(import.meta.resolve("./pytorch.py"));
  const sizes = all.map((one) => `${one.hiddenSize}x${one.batchSize}`);
  let output;
  try {
    output = await new Deno.Command(command, {
      args: [script, cell, String(numSteps), String(seconds), ...sizes],
    }).output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { missing: command };
    if (error instanceof Deno.errors.NotCapable) {
      return { missing: `permission to run ${command}` };
    }
    throw error;
  }
  const decoder = new TextDecoder();
  if (!output.success) {
    const last = decoder.decode(output.stderr).trim().split("\n").at(-1);
    const message = `PyTorch could not be measured: ${last}`;
    throw new TaskError(EXIT.failure, message);
  }
  const lines = decoder.decode(output.stdout).trim().split("\n")
    .map((line) => JSON.parse(line));
  return lines[0].missing ? lines[0] : { rates: lines };
}
