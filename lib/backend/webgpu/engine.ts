/**
 * The two ways through a sequence, and which of them a layer takes.
 *
 * @module
 */

import type { Pipeline, SizedPipelines } from "./pipelines.ts";
import type { WebGPUTensor } from "./tensor.ts";

/**
 * How a recurrent layer goes through its time steps: with a dispatch for each, of all
 * rows of the batch, or with one for all of them, in which a workgroup takes a few rows.
 */
export type Engine = "step" | "sequence";

/** A layer's steps, batch and hidden size. */
interface Sizes {
  readonly T: number;
  readonly B: number;
  readonly H: number;
}

/** Hidden sizes whose weight lies near enough to be read once for every few rows. */
const SMALL = 256;
/** Batches for which a dispatch a step would leave most of a device idle. */
const FEW_ROWS = 8;
/** Elements of a weight, times rows, that are worth reading at every step. */
const MOST_READ = 2 ** 23;
/** Terms that a dispatch sums up at the most: 40 ms of a small GPU, see commands.ts. */
const MOST_TERMS = 2 ** 31;
/** Batches from which on a workgroup takes more than two rows. */
const MANY_ROWS = 32;

/**
 * The engine of a layer: the one that is wanted or else by a table of sizes, as long as a
 * whole sequence can be one dispatch's. That asks for a hidden size which is a multiple
 * of 4, as is the place of the weight in its buffer, and for a row that fits into the
 * memory of a workgroup.
 */
export function engineOf(
  wanted: Engine | undefined,
  { B, H }: Omit<Sizes, "T">,
  weight: WebGPUTensor, // (GH, H)
  { constants: { CAPACITY } }: SizedPipelines,
): Engine {
  const fits = H % 4 === 0 && weight.offset % 4 === 0 && H <= CAPACITY;
  if (!fits) return "step";
  const isSmall = H <= SMALL ||
    (B <= FEW_ROWS && B * weight.size <= MOST_READ);
  return wanted ?? (isSmall ? "sequence" : "step");
}

/**
 * The pipeline for whole sequences of these sizes: with as many rows in a workgroup as
 * there is room for, since the weight is read once for all of them, and with no more
 * invocations than the units of a step keep busy. A dispatch takes as many steps as are
 * done in little time.
 */
export function sequencePipeline(
  pipelines: SizedPipelines,
  { T, B, H }: Sizes,
): Pipeline {
  const { GATES, MOST_ROWS, ROWS, QUADS, LEAST_QUADS, LANES, CAPACITY, SUMS } =
    pipelines.constants;
  let rows = B >= MANY_ROWS ? MOST_ROWS : Math.min(ROWS, B);
  while (rows * H > CAPACITY) rows /= 2;
  let quads = QUADS;
  while (rows * LANES * quads > SUMS) quads /= 2;
  while (quads > LEAST_QUADS && quads / 2 >= H / 4) quads /= 2;
  let steps = pipelines.constants.STEPS;
  const terms = B * GATES * H ** 2; // of a step
  while (steps > 1 && Math.min(steps, T) * terms > MOST_TERMS) steps /= 2;
  return pipelines.sized({ ROWS: rows, QUADS: quads, STEPS: steps });
}
