/**
 * What the WebGPU backend asks of a device, counted on a stub: exact, and the same on
 * every machine.
 *
 * @module
 */

import { train } from "../../../lib/train.ts";
import { type Sizes, TrainingModel } from "../training_model.ts";
import { dispatchesBehindBarriers } from "./barriers.ts";
import {
  describeDispatch,
  type Dispatch,
  longestChain,
  numbersOf,
} from "./dispatches.ts";
import { type EngineName, ENGINES } from "./engines.ts";
import { shortCorpus, shortTraining } from "./short_epochs.ts";
import { type StubCall, type StubDispatch, stubGPU } from "./stub_gpu.ts";

/** Dispatches of one kernel with one grid. */
export interface KernelCount
  extends
    Pick<Dispatch, "label" | "grid" | "invocations" | "memory">,
    Pick<Dispatch, "flops" | "bytes"> {
  /** How many there are; flops and bytes are of all of them. */
  readonly count: number;
}

/** What a minibatch of training is on a device. */
export interface MinibatchCount extends Sizes {
  readonly engine: EngineName;
  /** In the order of their first dispatches. */
  readonly kernels: readonly KernelCount[];
  readonly dispatches: number;
  readonly flops: number;
  readonly bytes: number;
  readonly pipelinesSet: number;
  readonly bindGroupsSet: number;
  /** Dispatches that wgpu puts a barrier before. */
  readonly barriers: number;
  /** Dispatches of which each depends on the one before. */
  readonly longestChain: number;
}

/** What training asks of a device an epoch, beyond the first epochs. */
export interface EpochCount {
  readonly dispatches: number;
  readonly passes: number;
  readonly submits: number;
  readonly copies: number;
  /** Calls of writeBuffer, and their bytes. */
  readonly writes: number;
  readonly bytesWritten: number;
  readonly bindGroupsMade: number;
  readonly buffersMade: number;
  /** Calls of mapAsync: how often training waits. */
  readonly waits: number;
}

/** Epochs that all is made in that later ones use again, and all epochs. */
const WARM_UP = 48, EPOCHS = 80;

/** Counts what one minibatch is, once the ones before have made what it uses. */
export async function countMinibatch(
  engine: EngineName,
  sizes: Sizes,
): Promise<MinibatchCount> {
  const { gpu, calls } = stubGPU(fillConstant);
  using backend = await ENGINES[engine]({ gpu });
  using model = new TrainingModel(backend, sizes);
  model.minibatch();
  await model.readGradients(); // submits all, so that the next two go together
  model.minibatch();
  const first = calls.length;
  model.minibatch();
  const end = calls.length;
  await model.readGradients(); // submits all
  const own = calls.slice(first, end);
  const behind = dispatchesBehindBarriers(calls);
  const dispatches = own.filter((call) => call.kind === "dispatch")
    .map(describeDispatch);
  const kernels = [...Map.groupBy(dispatches, keyOf).values()].map(together);
  return {
    engine,
    ...sizes,
    kernels,
    dispatches: dispatches.length,
    flops: total(kernels, "flops"),
    bytes: total(kernels, "bytes"),
    pipelinesSet: numberOf(own, "setPipeline"),
    bindGroupsSet: numberOf(own, "setBindGroup"),
    barriers: own.filter((call) => behind.has(call)).length,
    longestChain: longestChain(dispatches),
  };
}

/**
 * Counts what an epoch of 8 minibatches is to `train`, on average, on a device so fast
 * that a clock does not see its work.
 *
 * @param hasValidation Whether a text is held out, of 2 minibatches.
 */
export async function countEpoch(
  engine: EngineName,
  sizes: Sizes,
  hasValidation: boolean,
): Promise<EpochCount> {
  const corpus = shortCorpus(sizes, hasValidation);
  const callsOf = async (epochs: number) => {
    const { gpu, calls } = stubGPU(fillConstant);
    using backend = await ENGINES[engine]({ gpu });
    const options = { ...shortTraining(sizes), epochs, clock: () => 0 };
    for await (const _ of train(corpus, backend, options));
    return calls;
  };
  const [few, many] = [await callsOf(WARM_UP), await callsOf(EPOCHS)];
  const each = (measure: (calls: readonly StubCall[]) => number) =>
    (measure(many) - measure(few)) / (EPOCHS - WARM_UP);
  const calls = (kind: StubCall["kind"]) =>
    each((calls) => numberOf(calls, kind));
  return {
    dispatches: calls("dispatch"),
    passes: calls("beginComputePass"),
    submits: calls("submit"),
    copies: calls("copy"),
    writes: calls("writeBuffer"),
    bytesWritten: each((calls) =>
      calls.reduce(
        (sum, call) => sum + (call.kind === "writeBuffer" ? call.bytes : 0),
        0,
      )
    ),
    bindGroupsMade: calls("createBindGroup"),
    buffersMade: calls("createBuffer"),
    waits: calls("mapAsync"),
  };
}

/** The dispatches that belong together: of one kernel with one grid. */
export function keyOf({ label, grid }: Pick<Dispatch, "label" | "grid">) {
  return `${label} ${grid.join()}`;
}

/**
 * What the marks of reads need, by which the backend knows that a device works: a
 * buffer that is filled holds that number.
 */
function fillConstant(dispatch: StubDispatch): void {
  if (dispatch.pipeline.label !== "fill") return;
  for (const buffer of dispatch.buffers.values()) {
    buffer.constant = numbersOf(dispatch).value;
  }
}

function together(dispatches: readonly Dispatch[]): KernelCount {
  const { label, grid, invocations, memory } = dispatches[0];
  const [flops, bytes] = [
    total(dispatches, "flops"),
    total(dispatches, "bytes"),
  ];
  const count = dispatches.length;
  return { label, grid, invocations, memory, count, flops, bytes };
}

function total<K extends string>(
  all: readonly Readonly<Record<K, number>>[],
  key: K,
): number {
  return all.reduce((sum, one) => sum + one[key], 0);
}

function numberOf(calls: readonly StubCall[], kind: StubCall["kind"]): number {
  return calls.filter((call) => call.kind === kind).length;
}
