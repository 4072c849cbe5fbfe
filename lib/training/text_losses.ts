/**
 * A text read by a model from its first token to its last: how well each token is
 * predicted from those before it.
 *
 * @module
 */

import { Allocation } from "../backend/allocation.ts";
import type { Backend } from "../backend/backend.ts";
import type { LanguageModel } from "../model/language_model.ts";
import { stretchesOf } from "../text/minibatch.ts";
import { type Clock, Pace } from "./pace.ts";

/** The time steps of one call of the model where a text is read as one stream. */
export const STREAM_STEPS = 128;

/** The most calls of the model between two readbacks. */
const MOST_CALLS = 64;

/** How a text is read. */
export interface ReadingOptions {
  /** Stretches of the text, side by side, B: the model's batch size. */
  readonly batchSize: number;
  /** The most time steps of one call of the model, T. */
  readonly numSteps: number;
  /** Whether the loss of every token is wanted, and not the mean of each call. */
  readonly perToken?: boolean;
  /** Called after each call of the model, whose tensors the next one overwrites. */
  readonly also?: () => Promise<void>;
  /** Decides how much is read at once. */
  readonly clock: Clock;
  /** Ends the reading early. */
  readonly signal?: AbortSignal;
}

/** The losses of some time steps, in nats. */
export interface LossChunk {
  /** First time step. */
  readonly begin: number;
  /** How many time steps each call of the model had. */
  readonly lengths: readonly number[];
  /** The mean of each call or, by `perToken`, of each token: `(steps, B)`. */
  readonly losses: ArrayLike<number>;
}

/**
 * Reads a text as {@linkcode stretchesOf} cuts it, each stretch from the zero state on,
 * and yields the losses chunk by chunk. The model's state is lost.
 */
export async function* textLosses(
  model: LanguageModel,
  backend: Backend,
  ids: ArrayLike<number>,
  { batchSize: B, numSteps: T, perToken = false, also, clock, signal }:
    ReadingOptions,
): AsyncGenerator<LossChunk, void> {
  const { count, minibatch } = stretchesOf(ids, { batchSize: B, numSteps: T });
  const limit = Math.min(count, MOST_CALLS);
  using allocation = new Allocation(backend);
  const inputs = allocation.tensor([limit * T, B], "u32");
  const targets = allocation.tensor([limit * T, B], "u32");
  const means = allocation.tensor([limit]);
  const each = perToken ? allocation.tensor([limit * T, B]) : undefined;
  const pace = new Pace(clock, { limit });
  model.resetState();
  for (let first = 0; first < count && !signal?.aborted;) {
    const calls = Math.min(pace.size, count - first);
    const { result } = await pace.timed(async () => {
      const chunk = Array.from(
        { length: calls },
        (_, i) => minibatch(first + i),
      );
      const lengths = chunk.map(({ numSteps }) => numSteps);
      const steps = lengths.reduce((sum, length) => sum + length, 0);
      for (
        const [tensor, part] of [[inputs, "inputs"], [
          targets,
          "targets",
        ]] as const
      ) {
        const values = new Uint32Array(steps * B);
        chunk.forEach((one, i) => values.set(one[part], i * T * B));
        backend.write(tensor.view(0, [steps, B]), values);
      }
      for (const [i, length] of lengths.entries()) {
        const at = i * T * B, shape = [length, B];
        model.advance(inputs.view(at, shape));
        model.loss(targets.view(at, shape), means.at(i), each?.view(at, shape));
        model.carryState();
        await also?.();
      }
      const losses = await backend.read(
        each ? each.view(0, [steps, B]) : means.view(0, [calls]),
      );
      return { begin: first * T, lengths, losses };
    });
    yield result;
    first += calls;
    await pace.turn();
  }
}
