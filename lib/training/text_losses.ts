/**
 * A text read by a model from its first token to its last: how well each token is
 * predicted from those before it.
 *
 * @module
 */

import { Allocation } from "../backend/allocation.ts";
import type { Backend } from "../backend/backend.ts";
import type { LanguageModel } from "../model/language_model.ts";
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
 * Reads a text as `batchSize` stretches of the same length side by side, each from
 * the zero state on, and yields the losses chunk by chunk. In one stretch every token
 * but the first is predicted; of more, up to `batchSize − 1` at the end are left out.
 * The model's state is lost.
 */
export async function* textLosses(
  model: LanguageModel,
  backend: Backend,
  ids: ArrayLike<number>,
  { batchSize: B, numSteps: T, perToken = false, also, clock, signal }:
    ReadingOptions,
): AsyncGenerator<LossChunk, void> {
  const columns = Math.floor((ids.length - 1) / B);
  const limit = Math.min(Math.ceil(columns / T), MOST_CALLS);
  using allocation = new Allocation(backend);
  const inputs = allocation.tensor([limit * T, B], "u32");
  const targets = allocation.tensor([limit * T, B], "u32");
  const means = allocation.tensor([limit]);
  const each = perToken ? allocation.tensor([limit * T, B]) : undefined;
  const pace = new Pace(clock, { limit });
  model.resetState();
  for (let begin = 0; begin < columns && !signal?.aborted;) {
    const steps = Math.min(pace.size * T, columns - begin);
    const { result } = await pace.timed(async () => {
      for (const [tensor, ahead] of [[inputs, 0], [targets, 1]] as const) {
        // Time-major: column t of every stretch, then column t + 1.
        const values = Uint32Array.from(
          { length: steps * B },
          (_, i) => ids[i % B * columns + begin + Math.floor(i / B) + ahead],
        );
        backend.write(tensor.view(0, [steps, B]), values);
      }
      const lengths: number[] = [];
      for (let at = 0; at < steps; at += T) {
        const shape = [Math.min(T, steps - at), B];
        model.forwardLayers(inputs.view(at * B, shape));
        model.loss(
          targets.view(at * B, shape),
          means.at(lengths.length),
          each?.view(at * B, shape),
        );
        model.carryState();
        await also?.();
        lengths.push(shape[0]);
      }
      const losses = await backend.read(
        each ? each.view(0, [steps, B]) : means.view(0, [lengths.length]),
      );
      return { begin, lengths, losses };
    });
    yield result;
    begin += steps;
    await pace.turn();
  }
}
