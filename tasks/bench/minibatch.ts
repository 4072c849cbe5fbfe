/**
 * A training minibatch, whole and by its phases.
 *
 * @module
 */

import type { Backend } from "../../lib/backend/backend.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { time, verify } from "./measure.ts";
import { Network, type Sizes } from "./network.ts";

/** Standard deviation of the initial parameters, as the chapter has it. */
export const SIGMA = 0.01;

/** How fast training goes. */
export interface TrainingResult extends Sizes {
  /** Tokens a second, the median of the rounds. */
  readonly tokensPerSecond: number;
  /** Milliseconds a minibatch. */
  readonly milliseconds: number;
}

/** Milliseconds of each part of a minibatch. */
export interface PhasesResult extends Sizes {
  /** oneHotLinear and the layer. */
  readonly forward: number;
  /** linear, softmaxCrossEntropy and linearBackward. */
  readonly head: number;
  /** The layer's backward, less the gradient of its weight. */
  readonly backward: number;
  /** The product of the recurrent weight's gradient, and oneHotLinearBackward. */
  readonly weightGradients: number;
  /** globalNorm and update. */
  readonly update: number;
}

/** Times whole training minibatches, after a check of two steps' gradients. */
export async function benchTraining(
  backend: Backend,
  sizes: Sizes,
  seconds: number,
): Promise<TrainingResult> {
  await verifyGradients(backend, { ...sizes, numSteps: 2 });
  using network = new Network(backend, sizes, SIGMA);
  const { median } = await time(backend, () => network.minibatch(), seconds);
  const tokens = sizes.batchSize * sizes.numSteps;
  return {
    ...sizes,
    tokensPerSecond: tokens / median,
    milliseconds: 1000 * median,
  };
}

/** Times the phases of a minibatch, each alone. */
export async function benchPhases(
  backend: Backend,
  sizes: Sizes,
  seconds: number,
): Promise<PhasesResult> {
  using network = new Network(backend, sizes, SIGMA);
  const milliseconds = async (run: () => void) =>
    1000 * (await time(backend, run, seconds)).median;
  const forward = await milliseconds(() => {
    network.embed(network.inputs);
    network.recur();
  });
  const head = await milliseconds(() => {
    network.predict();
    network.learnHead();
  });
  const wholeBackward = await milliseconds(() => network.recurBackward());
  const product = await milliseconds(() => network.weightGradient());
  const scatter = await milliseconds(() => network.embedBackward());
  const update = await milliseconds(() => network.update());
  return {
    ...sizes,
    forward,
    head,
    backward: wholeBackward - product,
    weightGradients: product + scatter,
    update,
  };
}

async function verifyGradients(backend: Backend, sizes: Sizes): Promise<void> {
  using reference = openReference({ precision: "float64" });
  using timed = new Network(backend, sizes, SIGMA);
  using checked = new Network(reference, sizes, SIGMA);
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
