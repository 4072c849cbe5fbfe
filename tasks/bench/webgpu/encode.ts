/**
 * What a minibatch costs the CPU before a GPU has anything to do.
 *
 * @module
 */

import process from "node:process";
import { median, ROUNDS } from "../measure.ts";
import { type Sizes, TrainingModel } from "../training_model.ts";
import { type EngineName, ENGINES } from "./engines.ts";
import type { MeasuredDevice } from "./measured_device.ts";
import { idleGPU } from "./stub_gpu.ts";

/**
 * Milliseconds of CPU time of a minibatch, those of this process alone: what other
 * programs take does not count.
 */
export interface EncodeResult extends Sizes {
  /** weena's own code, on a device that does nothing. */
  readonly script: number;
  /** WebGPU's calls that record commands. */
  readonly record: number;
  /** `finish()` of the encoders: validation, tracking, barriers. */
  readonly finish: number;
  /** All three. */
  readonly total: number;
}

/** Work that can be queued again and again. */
export interface Queued {
  minibatch(): void;
}

/** CPU time of some minibatches, in milliseconds. */
export interface EncodeRound {
  readonly total: number;
  /** The part of `finish()`. */
  readonly finish: number;
}

/** Minibatches of a round at the least, so that the encoder is finished in each. */
const LEAST = 24;

/** Times what a minibatch costs the CPU; the device runs none of it. */
export async function benchEncode(
  engine: EngineName,
  { backend, device }: MeasuredDevice,
  sizes: Sizes,
  seconds: number,
): Promise<EncodeResult> {
  using idle = await ENGINES[engine]({ gpu: idleGPU() });
  using scripted = new TrainingModel(idle, sizes);
  using model = new TrainingModel(backend, sizes);
  await model.readGradients(); // submits all
  using commands = new ForgottenCommands(device);
  const works = [
    { model: scripted, commands: { finishing: 0 } },
    { model, commands },
  ];
  const [script, both] = alternateRounds(works, seconds);
  const total = median(both.map((round) => round.total));
  const finish = median(both.map((round) => round.finish));
  const own = median(script.map((round) => round.total));
  const record = total - finish - own;
  return { ...sizes, script: own, record, finish, total };
}

/** A model, and the commands of its device. */
export interface Encoding {
  readonly model: Queued;
  readonly commands: { finishing: number };
}

/**
 * Times minibatches of each in turns, so that what the machine does besides meets all
 * alike.
 *
 * @param seconds About how long all rounds take together.
 * @returns The rounds of each, as of one minibatch.
 */
export function alternateRounds(
  works: readonly Encoding[],
  seconds: number,
): EncodeRound[][] {
  for (const { model } of works) repeat(model, 2 * LEAST); // to be compiled
  const each = works.reduce(
    (sum, { model }) => sum + cpuTime(() => repeat(model, LEAST)),
    0,
  );
  const parts = 1000 * seconds / ROUNDS / Math.max(each, 1e-3);
  const count = LEAST * Math.max(1, Math.round(parts));
  const rounds: EncodeRound[][] = works.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    works.forEach(({ model, commands }, i) => {
      const before = commands.finishing;
      const total = cpuTime(() => repeat(model, count)) / count;
      const finish = (commands.finishing - before) / count;
      rounds[i].push({ total, finish });
    });
  }
  return rounds;
}

/**
 * From now on a device's commands are encoded, but forgotten in place of being run;
 * until it is disposed of.
 */
export class ForgottenCommands implements Disposable {
  /** Milliseconds of CPU time that encoders have taken to finish. */
  finishing = 0;
  readonly #restore: () => void;

  constructor(device: GPUDevice) {
    const { createCommandEncoder, queue } = device;
    const { submit } = queue;
    device.createCommandEncoder = (descriptor) => {
      const encoder = createCommandEncoder.call(device, descriptor);
      const finish = encoder.finish.bind(encoder);
      encoder.finish = (descriptor) => {
        let buffer!: GPUCommandBuffer;
        this.finishing += cpuTime(() => buffer = finish(descriptor));
        return buffer;
      };
      return encoder;
    };
    // What is written must go, so that it does not pile up.
    queue.submit = () => submit.call(queue, []);
    this.#restore = () => {
      device.createCommandEncoder = createCommandEncoder;
      queue.submit = submit;
    };
  }

  [Symbol.dispose](): void {
    this.#restore();
  }
}

function repeat(model: Queued, count: number): void {
  for (let i = 0; i < count; i++) model.minibatch();
}

/** Milliseconds of CPU time, of all threads of this process. */
function cpuTime(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
