/**
 * What a minibatch costs the CPU before a GPU has anything to do.
 *
 * @module
 */

import type { Backend } from "../../../lib/backend/backend.ts";
import { median } from "../measure.ts";
import { type Sizes, TrainingModel } from "../training_model.ts";
import { cpuTime } from "./cpu_time.ts";
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

/** CPU time of a minibatch in one round, in milliseconds. */
export interface EncodeRound {
  readonly total: number;
  /** The part of `finish()`. */
  readonly finish: number;
}

/** Rounds of a measurement: short ones and many, since other programs disturb some. */
const MANY_ROUNDS = 25;

/** Minibatches of a submission. */
const CHUNK = 8;

/** Submissions after which the engine of JavaScript has compiled all. */
const WARM_UP = 24;

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
  const [script, both] = alternateRounds([
    { submit: submissions(idle, scripted), commands: { finishing: 0 } },
    { submit: submissions(backend, model), commands },
  ], seconds);
  const middle = (rounds: readonly EncodeRound[], key: keyof EncodeRound) =>
    median(rounds.map((round) => round[key]));
  const own = middle(script, "total");
  const total = middle(both, "total"), finish = middle(both, "finish");
  return { ...sizes, script: own, record: total - finish - own, finish, total };
}

/** What is encoded, and the commands of its device. */
export interface Encoding {
  /** Queues {@linkcode CHUNK} minibatches and submits them. */
  readonly submit: () => void;
  readonly commands: { readonly finishing: number };
}

/** What queues minibatches and submits them, without a wait. */
export function submissions(
  backend: Backend,
  model: { minibatch(): void },
): () => void {
  const tensor = backend.allocate([1]);
  return () => {
    for (let i = 0; i < CHUNK; i++) model.minibatch();
    // To write into what is in use is to submit first what uses it.
    backend.ops.fill({ tensor, value: 0 });
    backend.write(tensor, [0]);
  };
}

/**
 * Times minibatches of each in turns, every other round in reverse order, so that what
 * the machine does besides meets all alike.
 *
 * @param seconds About how long all rounds take together.
 */
export function alternateRounds(
  works: readonly Encoding[],
  seconds: number,
  numRounds: number = MANY_ROUNDS,
): EncodeRound[][] {
  const each = works.reduce((sum, { submit }) => {
    repeat(submit, WARM_UP);
    return sum + cpuTime(() => repeat(submit, WARM_UP)) / WARM_UP;
  }, 0);
  const wanted = 1000 * seconds / numRounds / Math.max(each, 1e-3);
  const count = Math.max(1, Math.round(wanted));
  const rounds: EncodeRound[][] = works.map(() => []);
  for (let round = 0; round < numRounds; round++) {
    const order = round % 2 === 0 ? works : works.toReversed();
    for (const work of order) {
      const { submit, commands } = work;
      const before = commands.finishing;
      const all = cpuTime(() => repeat(submit, count));
      const finishing = commands.finishing - before;
      rounds[works.indexOf(work)].push({
        total: all / count / CHUNK,
        finish: finishing / count / CHUNK,
      });
    }
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

function repeat(run: () => void, count: number): void {
  for (let i = 0; i < count; i++) run();
}
