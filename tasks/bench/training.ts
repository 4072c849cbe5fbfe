/**
 * Whole minibatches of training.
 *
 * @module
 */

import type { Backend } from "../../lib/backend/backend.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { time, verify } from "./measure.ts";
import { type Sizes, TrainingModel } from "./training_model.ts";

/** How fast training goes. */
export interface TrainingResult extends Sizes {
  /** Tokens a second, the median of the rounds. */
  readonly tokensPerSecond: number;
  /** Milliseconds a minibatch. */
  readonly milliseconds: number;
}

/** Times whole training minibatches, after a check of the gradients over two steps. */
export async function benchTraining(
  backend: Backend,
  sizes: Sizes,
  seconds: number,
): Promise<TrainingResult> {
  await verifyGradients(backend, { ...sizes, numSteps: 2 });
  using model = new TrainingModel(backend, sizes);
  const { median } = await time(backend, () => model.minibatch(), seconds);
  const tokens = sizes.batchSize * sizes.numSteps;
  return {
    ...sizes,
    tokensPerSecond: tokens / median,
    milliseconds: 1000 * median,
  };
}

async function verifyGradients(backend: Backend, sizes: Sizes): Promise<void> {
  using reference = openReference({ precision: "float64" });
  using timed = new TrainingModel(backend, sizes);
  using checked = new TrainingModel(reference, sizes);
  timed.minibatch();
  checked.minibatch();
  // Gradients of a mean over tokens are below 1, and float32 keeps 7 digits.
  verify(
    `gradients of the ${sizes.cell}`,
    await timed.readGradients(),
    await checked.readGradients(),
    1e-6,
  );
}
