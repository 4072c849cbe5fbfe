/**
 * The results of WebGPU's benchmarks as text.
 *
 * @module
 */

import { tableLines } from "../../cli/table.ts";
import { grouped } from "../../shared/grouped.ts";
import type { TrainingResult } from "../training.ts";
import type { Sizes } from "../training_model.ts";
import type { CountResult, WebGPUResult } from "./bench_webgpu.ts";
import type { EpochCount, KernelCount } from "./count.ts";
import type { ChainResult } from "./dependent_dispatches.ts";
import type { EncodeResult } from "./encode.ts";
import type { KernelTime } from "./kernels.ts";
import type { PyTorchRate, PyTorchResult } from "./pytorch.ts";
import type { ReadbackResult } from "./readback.ts";
import { MINIBATCHES } from "./short_epochs.ts";

/** All results that there are, one section after the other. */
export function webGPUTable(result: WebGPUResult): string {
  const { device, count, chains, encode, readback, kernels } = result;
  const { training, pytorch } = result;
  const sections = [
    device === undefined ? undefined : [device],
    count && countLines(count),
    chains && chainLines(chains),
    encode && encodeLines(encode),
    kernels && kernelLines(kernels),
    readback && readbackLines(readback),
    training && trainingLines(training, pytorch),
  ];
  return sections.filter((lines) => lines !== undefined)
    .map((lines) => lines.join("\n") + "\n").join("\n");
}

/** Rows with a heading; all columns but the first are numbers. */
function table(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(...rows.map(({ length }) => length));
  const numbers = Array.from({ length: columns - 1 }, (_, i) => i + 1);
  return tableLines(rows, new Set(numbers)).map((line) => `  ${line}`);
}

function nameOf({ cell, hiddenSize, batchSize, numSteps }: Sizes): string {
  return `${cell}, hidden ${hiddenSize}, batch ${batchSize}, ${numSteps} steps`;
}

function countLines(
  { minibatch, epoch, validatedEpoch }: CountResult,
): string[] {
  const { kernels, flops, bytes, dispatches } = minibatch;
  const whole = { count: dispatches, flops, bytes };
  const rows = Object.entries(EPOCH_ROWS).map(([name, of]) => [
    name,
    short(of(epoch)),
    short(of(validatedEpoch)),
  ]);
  return [
    `a minibatch: ${nameOf(minibatch)}, engine ${minibatch.engine}`,
    ...table([
      ["kernel", "count", "workgroups", "threads", "memory", "MFLOP", "MB"],
      ...kernels.map((one) => [one.label, ...countCells(one, shapeCells(one))]),
      ["all", ...countCells(whole, ["", "", ""])],
    ]),
    "",
    ...table([
      ["pipelines set", String(minibatch.pipelinesSet)],
      ["bind groups set", String(minibatch.bindGroupsSet)],
      ["dispatches with a barrier before them", String(minibatch.barriers)],
      ["longest chain of dispatches", String(minibatch.longestChain)],
    ]),
    "",
    `an epoch of ${MINIBATCHES} minibatches, on average`,
    ...table([["", "no validation", "validation"], ...rows]),
  ];
}

/** What an epoch is counted by. */
const EPOCH_ROWS: Readonly<Record<string, (count: EpochCount) => number>> = {
  dispatches: (count) => count.dispatches,
  "compute passes": (count) => count.passes,
  submits: (count) => count.submits,
  "copies between buffers": (count) => count.copies,
  writes: (count) => count.writes,
  "KB written": (count) => count.bytesWritten / 1000,
  "bind groups made": (count) => count.bindGroupsMade,
  "buffers made": (count) => count.buffersMade,
  "waits for a read": (count) => count.waits,
};

function shapeCells(
  { grid, invocations, memory }: Pick<
    KernelCount,
    "grid" | "invocations" | "memory"
  >,
): string[] {
  const workgroups = grid.join("×").replace(/(×1)+$/, "");
  return [workgroups, String(invocations), String(memory)];
}

function countCells(
  { count, flops, bytes }: Pick<KernelCount, "count" | "flops" | "bytes">,
  shape: readonly string[],
): string[] {
  return [
    String(count),
    ...shape,
    Number.isNaN(flops) ? "?" : (flops / 1e6).toFixed(3),
    (bytes / 1e6).toFixed(3),
  ];
}

function chainLines(chains: readonly ChainResult[]): string[] {
  return [
    `from one dependent dispatch to the next, ${chains[0].length} in a row`,
    ...table([
      ["bind group", "workgroups", "µs", "CPU, µs"],
      ...chains.map((
        { bindsEach, workgroups, microseconds, encodeMicroseconds },
      ) => [
        bindsEach ? "set each time" : "set once",
        String(workgroups),
        microseconds.toFixed(2),
        encodeMicroseconds.toFixed(2),
      ]),
    ]),
  ];
}

function encodeLines(encode: EncodeResult): string[] {
  const { script, record, finish, total } = encode;
  return [
    `CPU time to encode a minibatch: ${nameOf(encode)}`,
    ...table([
      ["", "ms"],
      ["weena's JavaScript", script.toFixed(3)],
      ["recording", record.toFixed(3)],
      ["finish()", finish.toFixed(3)],
      ["all", total.toFixed(3)],
    ]),
  ];
}

function kernelLines(kernels: readonly KernelTime[]): string[] {
  const sum = kernels.reduce((sum, { microseconds }) => sum + microseconds, 0);
  return [
    "GPU time of the kernels of a minibatch, each alone",
    ...table([
      ["kernel", "count", "workgroups", "µs", "GFLOP/s", "GB/s"],
      ...kernels.map((kernel) => [
        kernel.label,
        String(kernel.count),
        shapeCells(kernel)[0],
        kernel.microseconds.toFixed(1),
        Number.isNaN(kernel.gflops) ? "?" : kernel.gflops.toFixed(2),
        kernel.gigabytes.toFixed(2),
      ]),
      ["all", "", "", sum.toFixed(1), "", ""],
    ]),
  ];
}

function readbackLines(readback: ReadbackResult): string[] {
  return [
    `reading back: ${nameOf(readback)}`,
    ...table([
      ["", "ms"],
      ["a read, nothing else to do", readback.idle.toFixed(2)],
      ["two reads at once", readback.two.toFixed(2)],
      [`${MINIBATCHES} minibatches and a read`, readback.awaited.toFixed(2)],
      [
        "the same, the next ones queued before the wait",
        readback.overlapped.toFixed(2),
      ],
    ]),
    "",
    ...table([
      [`epochs of ${MINIBATCHES} minibatches`, "per second"],
      ["without validation", readback.epochsPerSecond.toFixed(1)],
      ["with validation", readback.epochsPerSecondValidated.toFixed(1)],
    ]),
  ];
}

function trainingLines(
  training: readonly TrainingResult[],
  pytorch: PyTorchResult | undefined,
): string[] {
  const rates = pytorch && "rates" in pytorch ? pytorch.rates : [];
  const [{ cell, numSteps }] = training;
  const peers = ["nn", "graph"] as const;
  const heading = ["hidden", "batch", "ms/minibatch", "tokens/s"];
  if (rates.length > 0) {
    heading.push("PyTorch", "ratio", "PyTorch, graph", "ratio");
  }
  const lines = [
    `training: ${cell}, ${numSteps} steps`,
    ...table([
      heading,
      ...training.map((one) => [
        String(one.hiddenSize),
        String(one.batchSize),
        one.milliseconds.toFixed(3),
        grouped(one.tokensPerSecond),
        ...rates.length > 0
          ? peers.flatMap((peer) => ratioCells(one, rates, peer))
          : [],
      ]),
    ]),
  ];
  if (pytorch && "missing" in pytorch) {
    lines.push("", `PyTorch was not measured: no ${pytorch.missing}.`);
  }
  if (rates.length > 0) {
    lines.push("", `PyTorch ${rates[0].version} on ${rates[0].device}`);
  }
  return lines;
}

/** PyTorch's rate at the same size, and how many times as fast weena is. */
function ratioCells(
  { hiddenSize, batchSize, tokensPerSecond }: TrainingResult,
  rates: readonly PyTorchRate[],
  peer: PyTorchRate["variant"],
): string[] {
  const rate = rates.find((one) =>
    one.variant === peer && one.hidden_size === hiddenSize &&
    one.batch_size === batchSize
  );
  if (!rate) return ["", ""];
  const { tokens_per_second: theirs } = rate;
  return [grouped(theirs), (tokensPerSecond / theirs).toFixed(2)];
}

/** With two digits behind the point, where it has any. */
function short(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}
