/**
 * What a training that was stopped needs to continue as if it had never been stopped,
 * as tensors.
 *
 * @module
 */

import { InputError } from "../input_error.ts";
import type { ModelConfig } from "../model/config.ts";
import type { States } from "../model/language_model.ts";
import {
  flatten,
  type ParameterSpec,
  parameterSpecs,
  unflatten,
} from "../model/parameters.ts";
import type { StoredTensor } from "../safetensors.ts";
import type { Best } from "./best.ts";
import { MOMENT_NAMES, type Moments } from "./optimizer.ts";

/** Loss and global gradient norm, before clipping, of one minibatch. */
export interface MinibatchResult {
  /** Nats per token. */
  readonly loss: number;
  /** Not finite if the minibatch was skipped. */
  readonly norm: number;
}

/** What resuming needs, in addition to a model and the settings of its training. */
export interface ResumeData {
  /** The hidden state, and an LSTM's cell state, before the next minibatch. */
  readonly states: States;
  /** The moments of the optimizer. */
  readonly moments: Moments;
  /** Number of updates so far: minibatches of all epochs. */
  readonly updates: number;
  /** How many of the last ones were skipped. */
  readonly skippedInRow: number;
  /** The results of the minibatches of the unfinished epoch. */
  readonly measured: readonly MinibatchResult[];
  /** The best epoch by validation loss or, if no text is held out, by training loss. */
  readonly best?: Best;
}

/** Prefix of the tensors that PyTorch is to leave alone. */
export const TRAIN_PREFIX = "train.";

/** The tensors of it: `train.h`, `train.exp_avg.linear.weight`, `train.losses`, … */
export function encodeResumeData(
  config: ModelConfig,
  batchSize: number,
  data: ResumeData,
): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  const set = (name: string, shape: readonly number[], data: Floats) =>
    tensors.set(TRAIN_PREFIX + name, { shape, data });
  const shape = [config.numLayers, batchSize, config.hiddenSize];
  for (const [name, values] of data.states) set(name, shape, values);
  const specs = parameterSpecs(config);
  for (const [moment, flat] of data.moments) {
    const parts = unflatten(specs, flat);
    for (const { name, shape } of specs) {
      set(`${moment}.${name}`, shape, parts.get(name)!);
    }
  }
  const { measured } = data;
  for (const key of ["loss", "norm"] as const) {
    // In float64, which holds what any backend gave.
    const values = Float64Array.from(measured, (result) => result[key]);
    set(`minibatch_${key}`, [measured.length], values);
  }
  return tensors;
}

type Floats = Float32Array | Float64Array;

/**
 * The data back from their tensors.
 *
 * @param rest What is not in the tensors.
 * @throws {RangeError} If a tensor is missing or has another shape.
 */
export function decodeResumeData(
  config: ModelConfig,
  batchSize: number,
  tensors: ReadonlyMap<string, StoredTensor>,
  rest: Pick<ResumeData, "updates" | "skippedInRow" | "best">,
): ResumeData {
  const take = (name: string, shape?: readonly number[]): Floats => {
    const stored = tensors.get(TRAIN_PREFIX + name);
    if (
      stored && !(stored.data instanceof Uint32Array) &&
      (!shape || stored.shape.join() === shape.join())
    ) return stored.data as Floats;
    throw new InputError(
      `the tensor ${TRAIN_PREFIX}${name} ` +
        (stored
          ? "does not have the shape that the model needs"
          : "is missing"),
    );
  };
  const shape = [config.numLayers, batchSize, config.hiddenSize];
  const names = (["h", "c"] as const)
    .filter((name) => tensors.has(TRAIN_PREFIX + name));
  const specs = parameterSpecs(config);
  const kept = MOMENT_NAMES.filter((moment) =>
    tensors.has(`${TRAIN_PREFIX}${moment}.${specs[0].name}`)
  );
  const losses = take("minibatch_loss");
  const norms = take("minibatch_norm", [losses.length]);
  return {
    ...rest,
    states: new Map(names.map((name) => [name, take(name, shape)])),
    moments: new Map(kept.map((moment) => [
      moment,
      flatMoment(specs, (name, shape) => take(`${moment}.${name}`, shape)),
    ])),
    measured: Array.from(losses, (loss, i) => ({ loss, norm: norms[i] })),
  };
}

/** A moment's parts as one array, in their precision. */
function flatMoment(
  specs: readonly ParameterSpec[],
  take: (name: string, shape: readonly number[]) => Floats,
): Floats {
  const parts = new Map(
    specs.map(({ name, shape }) => [name, take(name, shape)]),
  );
  const flat = flatten(specs, parts);
  const [{ name }] = specs;
  return parts.get(name) instanceof Float64Array
    ? flat
    : Float32Array.from(flat);
}
