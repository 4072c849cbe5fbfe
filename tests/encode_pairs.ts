/**
 * Compares what a minibatch costs the CPU on WebGPU with another checkout of this
 * repository, in turns within one process:
 *
 *     deno run --allow-all tests/encode_pairs.ts CHECKOUT [--cell rnn|gru|lstm]
 *       [--hidden-size N] [--batch-size N] [--engine NAME] [--rounds N] [--seconds N]
 *
 * CHECKOUT is the other one's folder; any version with a bench for WebGPU will do. The
 * device, which may be one of software, runs none of the minibatches.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { toFileUrl } from "@std/path";
import type { Backend } from "../lib/backend/backend.ts";
import type { WebGPUOptions } from "../lib/backend/webgpu/webgpu_backend.ts";
import { CELL_NAMES } from "../lib/model/cells.ts";
import type { Sizes } from "../tasks/bench/training_model.ts";
import {
  alternateRounds,
  type EncodeRound,
  ForgottenCommands,
  submissions,
} from "../tasks/bench/webgpu/encode.ts";
import { watched } from "../tasks/bench/webgpu/watched.ts";

/** Milliseconds of CPU time of a minibatch, of one round. */
export interface EncodePair {
  readonly here: EncodeRound;
  readonly there: EncodeRound;
  /** Of the totals: below 1 this checkout takes less. */
  readonly ratio: number;
}

/** This checkout. */
const HERE = new URL("../", import.meta.url);

/** A model of a checkout, on a device of its own. */
interface Checkout {
  readonly backend: Backend;
  readonly model: {
    minibatch(): void;
    readGradients(): Promise<ArrayLike<number>>;
  };
  readonly device: GPUDevice;
}

/**
 * Encodes minibatches of both checkouts in turns.
 *
 * @param there The other checkout's folder, with a slash at its end.
 * @param engine That of this checkout; the other one has its default.
 */
export async function encodePairs(
  there: URL,
  sizes: Sizes,
  { engine, rounds, seconds }: {
    readonly engine: string;
    readonly rounds: number;
    readonly seconds: number;
  },
): Promise<EncodePair[]> {
  using resources = new DisposableStack();
  const works = [];
  for (const [root, name] of [[HERE, engine], [there, undefined]] as const) {
    const { backend, model, device } = await open(root, sizes, resources, name);
    model.minibatch();
    const gradients = Array.from(await model.readGradients()); // submits all
    if (!gradients.some((gradient) => Math.abs(gradient) > 0)) {
      throw new Error(`${root.pathname} trains nothing`);
    }
    const commands = resources.use(new ForgottenCommands(device));
    works.push({ submit: submissions(backend, model), commands });
  }
  const [ours, theirs] = alternateRounds(works, seconds, rounds);
  return ours.map((here, i) => {
    const there = theirs[i];
    return { here, there, ratio: here.total / there.total };
  });
}

/** Opens a checkout's backend, of any version, and makes its model. */
async function open(
  root: URL,
  sizes: Sizes,
  resources: DisposableStack,
  engine?: string,
): Promise<Checkout> {
  const load = (path: string) => import(new URL(path, root).href);
  let device!: GPUDevice;
  const gpu = watched((one) => device = one);
  const openBackend: (options: WebGPUOptions) => Promise<Backend> =
    engine === undefined
      ? (await load("lib/backend/webgpu/webgpu_backend.ts")).openWebGPU
      : (await load("tasks/bench/webgpu/engines.ts")).ENGINES[engine];
  if (!openBackend) throw new Error(`There is no engine ${engine}`);
  const backend = resources.use(await openBackend({ gpu }));
  const model = resources.use(
    await exists(new URL("tasks/bench/training_model.ts", root))
      ? new (await load("tasks/bench/training_model.ts")).TrainingModel(
        backend,
        sizes,
      )
      // Of the versions before it, which take the initial weights' deviation.
      : new (await load("tasks/bench/network.ts")).Network(
        backend,
        sizes,
        0.01,
      ),
  );
  return { backend, model, device };
}

async function exists(file: URL): Promise<boolean> {
  try {
    return (await Deno.stat(file)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

if (import.meta.main) {
  const { _: [folder], ...flags } = parseArgs(Deno.args);
  const number = (flag: string, standard: number) =>
    Number(flags[flag] ?? standard);
  const cell = CELL_NAMES.find((name) => name === (flags.cell ?? "rnn"));
  if (folder === undefined || !cell) {
    throw new Error("Expected the other checkout's folder, and a cell's name");
  }
  const there = toFileUrl(`${Deno.realPathSync(String(folder))}/`);
  const sizes = {
    cell,
    hiddenSize: number("hidden-size", 512),
    batchSize: number("batch-size", 32),
    numSteps: 35,
  };
  const pairs = await encodePairs(there, sizes, {
    engine: String(flags.engine ?? "step"),
    rounds: number("rounds", 99),
    seconds: number("seconds", 5),
  });
  const row = (name: string, of: (pair: EncodePair) => number) => {
    const sorted = pairs.map(of).toSorted((a, b) => a - b);
    const quarters = [0.25, 0.5, 0.75].map((part) =>
      sorted[Math.round(part * (sorted.length - 1))].toFixed(3)
    );
    console.log([name.padEnd(17), ...quarters].join("  "));
  };
  console.log(`CPU time of a minibatch in ms, ${pairs.length} rounds`);
  console.log("                   lower  median  upper quartile");
  row("here", ({ here }) => here.total);
  row("  of it finish()", ({ here }) => here.finish);
  row("there", ({ there }) => there.total);
  row("  of it finish()", ({ there }) => there.finish);
  row("here / there", ({ ratio }) => ratio);
}
