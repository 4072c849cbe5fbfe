/**
 * Training on The Time Machine against PyTorch's losses, minibatch by minibatch.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../lib/backend/backend.ts";
import type { ModelConfig } from "../lib/model/config.ts";
import { LanguageModel } from "../lib/model/language_model.ts";
import type { Parameters } from "../lib/model/parameters.ts";
import { decodeSafetensors } from "../lib/safetensors.ts";
import { tokenize } from "../lib/tokenize.ts";
import { ChunkRunner } from "../lib/training/chunk_runner.ts";
import { Optimizer } from "../lib/training/optimizer.ts";
import { withDefaults } from "../lib/training/settings.ts";
import type { MinibatchResult } from "../lib/training/resume_data.ts";
import { EpochSums } from "../lib/training/epoch_sums.ts";
import { perplexity } from "../lib/training/metrics.ts";
import { schedule, takeChunk } from "../lib/training/schedule.ts";
import { canRead, env, inCI, TIME_MACHINE } from "./access.ts";
import h64 from "./golden/trajectory_h64.json" with { type: "json" };

/** A file of values: see golden/README.md. */
interface Trajectory {
  readonly initial_parameters: string;
  readonly offset_every_epoch: number;
  readonly batch_size: number;
  readonly num_steps: number;
  readonly hidden_size: number;
  readonly vocab_size: number;
  readonly learning_rate: number;
  readonly clip_norm: number;
  readonly first_minibatches: readonly {
    readonly loss: number;
    readonly grad_norm: number;
  }[];
  readonly perplexity_by_epoch: readonly number[];
}

/** How far to follow a trajectory, and how closely. */
export interface TrajectoryOptions {
  /** Default all that the file has. */
  readonly minibatches?: number;
  /** Default `"float32"`. */
  readonly precision?: "float32" | "float64";
}

/**
 * Three epochs: as many minibatches as it takes for a mistake in a gradient, an
 * update or a state to show. `trajectory_test.ts` makes such mistakes; the last to
 * show, a state that is carried over the end of an epoch, does so in the 17th.
 */
export const ENOUGH_MINIBATCHES = 24;

/**
 * Greatest distance to PyTorch's float64 for the first 40 minibatches: of a loss,
 * and of a gradient norm relative to it. Chosen by measurement: the reference with
 * tensors in float32, but sums in float64, stays within 2e-7 and 7e-7 (hidden size
 * 64), which is a few roundings of 2^-24 of the result itself. A backend that sums
 * in float32 rounds at each of up to T·B = 1120 additions, in random directions:
 * √1120 = 33 times as much, and its tanh may be 1e-6 off; three times that again
 * is for the order of sums. A gradient that is 1 % off shows all the same, see
 * {@linkcode ENOUGH_MINIBATCHES}; a clip left out does not, for these norms stay
 * below 1. In float64 the order of sums may differ and nothing else: the reference
 * stays within 1e-14.
 *
 * The other two are for an epoch's perplexity, relative to it, which is the
 * exponential of a loss: a plateau may end a little sooner or later. What has been
 * reached with the last epoch is asked to be PyTorch's to 2 %.
 */
const TOLERANCE = {
  float32: { loss: 2e-5, norm: 7e-5, epoch: 0.05, lastEpoch: 0.02 },
  float64: { loss: 1e-12, norm: 1e-12, epoch: 1e-12, lastEpoch: 1e-12 },
};

/**
 * How much more a minibatch may be off than the first ones. Training of hidden size
 * 512 at a learning rate of 1 is unstable: from the 16th minibatch on it multiplies
 * a rounding error by about 1.5 each time, so that the float32 reference, 1e-7 off
 * until there, is 3e-4 off in the 40th loss and 1e-2 in its norm. Hidden size 64
 * does not do so. A backend that sums in float32 is off by three times as much
 * (measured on WebGPU); with 1.35 the tolerance is three times above that again.
 */
function growth(hiddenSize: number, index: number): number {
  return hiddenSize > 128 ? 1.35 ** Math.max(0, index - 15) : 1;
}

const GOLDEN = new URL("golden/", import.meta.url);

/**
 * Tests a backend on the trajectory of hidden size 64, and on those in the folder
 * GOLDEN_DIR.
 *
 * The reference and software adapters take seconds a minibatch for hidden sizes
 * above 128: there they are asked for two minibatches alone.
 *
 * @param ignore Why the backend cannot be tested here, or nothing.
 */
export function testTrajectory(
  name: string,
  open: () => Backend | Promise<Backend>,
  ignore?: string,
  options: TrajectoryOptions = {},
): void {
  const test = (file: string, golden: Trajectory, folder: URL | string) => {
    const there = canRead(TIME_MACHINE) && canRead(folder);
    const reason = ignore ??
      (there || inCI
        ? undefined
        : "needs data/timemachine.txt: deno task download");
    Deno.test({
      name: `${name}: ${file} is PyTorch's` +
        (reason ? ` (ignored: ${reason})` : ""),
      ignore: reason !== undefined,
      fn: async () => {
        using backend = await open();
        const path = folder instanceof URL
          ? new URL(golden.initial_parameters, folder)
          : `${folder}/${golden.initial_parameters}`;
        const slow = golden.hidden_size > 128 &&
          /reference|software/.test(backend.description);
        const limits = slow ? { ...options, minibatches: 2 } : options;
        const parameters = readParameters(Deno.readFileSync(path));
        await follow(golden, parameters, backend, limits);
      },
    });
  };
  test("trajectory_h64", h64, GOLDEN);
  const folder = env("GOLDEN_DIR");
  if (!folder || !canRead(folder)) return;
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  for (const file of files.filter((file) => /^trajectory.*json$/.test(file))) {
    const golden = JSON.parse(Deno.readTextFileSync(`${folder}/${file}`));
    test(`GOLDEN_DIR/${file}`, golden, folder);
  }
}

/** Parameters by name; the second bias, of zeros, is part of the first. */
function readParameters(bytes: Uint8Array): Parameters {
  const parameters = new Map<string, Float32Array>();
  for (const [name, { data }] of decodeSafetensors(bytes).tensors) {
    assert(data instanceof Float32Array);
    if (!name.includes("bias_hh")) parameters.set(name, data);
    else assert(data.every((x) => x === 0));
  }
  return parameters;
}

/**
 * Trains hidden size 64 as PyTorch did.
 *
 * @throws {Error} Naming the first minibatch or epoch that is not PyTorch's.
 */
export async function followTrajectory(
  backend: Backend,
  options: TrajectoryOptions = {},
): Promise<void> {
  const bytes = Deno.readFileSync(new URL(h64.initial_parameters, GOLDEN));
  await follow(h64, readParameters(bytes), backend, options);
}

async function follow(
  golden: Trajectory,
  parameters: Parameters,
  backend: Backend,
  { minibatches, precision = "float32" }: TrajectoryOptions,
): Promise<void> {
  const text = Deno.readFileSync(TIME_MACHINE);
  const corpus = tokenize(text, { normalize: "letters", maxTokens: 10_000 });
  assertEquals(corpus.vocabulary.tokens.length, golden.vocab_size);
  const config: ModelConfig = {
    cell: "rnn",
    activation: "tanh",
    vocabularySize: golden.vocab_size,
    hiddenSize: golden.hidden_size,
    numLayers: 1,
  };
  const training = withDefaults({
    batchSize: golden.batch_size,
    numSteps: golden.num_steps,
    learningRate: golden.learning_rate,
    clipNorm: golden.clip_norm,
    epochs: golden.perplexity_by_epoch.length,
    offset: golden.offset_every_epoch,
  });
  using model = new LanguageModel(backend, config, {
    ...training,
    trains: true,
  });
  model.write(parameters);
  using optimizer = new Optimizer(backend, model, training);
  using runner = new ChunkRunner(backend, model, optimizer, training);
  const beginning = { epochs: 0, minibatches: 0 };
  const steps = schedule(corpus.ids, training, beginning);

  let epoch: MinibatchResult[] = [], done = 0;
  while (done < (minibatches ?? Infinity)) {
    // Chunks that grow, as they do in training, but the same in every run.
    const size = Math.min((minibatches ?? Infinity) - done, done + 1, 16);
    const chunk = takeChunk(steps, size, () => false);
    if (chunk.length === 0) break;
    const results = await runner.run(chunk, done);
    for (const [i, result] of results.entries()) {
      checkMinibatch(golden, done + i, result, TOLERANCE[precision]);
      epoch.push(result);
      if (!chunk[i].endsEpoch) continue;
      checkEpoch(golden, chunk[i].epoch, epoch, TOLERANCE[precision]);
      epoch = [];
    }
    done += chunk.length;
  }
  assert(done > 0);
}

function checkMinibatch(
  { first_minibatches, hidden_size }: Trajectory,
  index: number,
  { loss, norm }: MinibatchResult,
  tolerance: { readonly loss: number; readonly norm: number },
): void {
  const expected = first_minibatches[index];
  if (!expected) return;
  const { grad_norm } = expected;
  const factor = growth(hidden_size, index);
  assert(
    Math.abs(loss - expected.loss) <= factor * tolerance.loss,
    `minibatch ${index}: the loss is ${loss}, expected ${expected.loss}`,
  );
  assert(
    Math.abs(norm - grad_norm) <= factor * tolerance.norm * grad_norm,
    `minibatch ${index}: the gradient norm is ${norm}, expected ${grad_norm}`,
  );
}

function checkEpoch(
  { perplexity_by_epoch, batch_size, num_steps }: Trajectory,
  index: number,
  results: readonly MinibatchResult[],
  { epoch, lastEpoch }: { readonly epoch: number; readonly lastEpoch: number },
): void {
  const sums = new EpochSums(batch_size * num_steps).add(results);
  const actual = perplexity(sums.loss), expected = perplexity_by_epoch[index];
  const isLast = index + 1 === perplexity_by_epoch.length;
  const tolerance = isLast ? lastEpoch : epoch;
  assert(
    Math.abs(actual - expected) <= tolerance * expected,
    `epoch ${index + 1}: the perplexity is ${actual}, expected ${expected}`,
  );
}
