/**
 * A training minibatch, whole and by its phases, and generation.
 *
 * @module
 */

import type { Backend } from "../../lib/backend/backend.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { generate } from "../../lib/generate.ts";
import type { ModelConfig } from "../../lib/model/config.ts";
import { LanguageModel } from "../../lib/model/language_model.ts";
import { initializeParameters } from "../../lib/model/parameters.ts";
import { Optimizer } from "../../lib/training/optimizer.ts";
import { randomPermutation } from "../../lib/random.ts";
import { tokenize } from "../../lib/tokenize.ts";
import { median, time, verify } from "./measure.ts";

/** The alphabet of the chapter's model: `<unk>`, a space and 26 letters. */
const ALPHABET = " abcdefghijklmnopqrstuvwxyz";
const VOCABULARY_SIZE = ALPHABET.length + 1;

/** What a minibatch is: B rows of T steps, H hidden units. */
export interface Sizes {
  readonly hiddenSize: number;
  readonly batchSize: number;
  readonly numSteps: number;
}

/** How fast training goes. */
export interface TrainingResult extends Sizes {
  /** Tokens a second, the median of the rounds. */
  readonly tokensPerSecond: number;
  /** Milliseconds a minibatch. */
  readonly milliseconds: number;
}

/** Milliseconds of each part of a minibatch. */
export interface PhasesResult extends Sizes {
  /** embedding and rnn. */
  readonly forward: number;
  /** linear, softmaxCrossEntropy and linearBackward. */
  readonly head: number;
  /** rnnBackward, less the gradient of its weight. */
  readonly backward: number;
  /** The product of the recurrent weight's gradient, and embeddingBackward. */
  readonly weightGradients: number;
  /** globalNorm and update. */
  readonly update: number;
}

/** How fast text comes. */
export interface GenerationResult {
  readonly hiddenSize: number;
  readonly charactersPerSecond: number;
}

/** Times whole training minibatches, after a check of two steps' gradients. */
export async function benchTraining(
  backend: Backend,
  sizes: Sizes,
  seconds: number,
): Promise<TrainingResult> {
  await verifyGradients(backend, { ...sizes, numSteps: 2 });
  using trainer = new Trainer(backend, sizes);
  const { median } = await time(backend, () => trainer.minibatch(), seconds);
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
  const { hiddenSize: H, batchSize: B, numSteps: T } = sizes;
  const V = VOCABULARY_SIZE;
  const tensor = (...shape: number[]) => {
    const made = backend.allocate(shape);
    backend.ops.fill({ tensor: made, value: 0.01 });
    return made;
  };
  const { ops } = backend;
  const ids = backend.allocate([T, B], "u32");
  backend.write(ids, someIds(T * B, 1));
  const weightIh = tensor(H, V), weightHh = tensor(H, H), bias = tensor(H);
  const headWeight = tensor(V, H), headBias = tensor(V);
  const initialState = tensor(B, H);
  const input = tensor(T, B, H), output = tensor(T, B, H);
  const dOutput = tensor(T, B, H), dInput = tensor(T, B, H);
  const logits = tensor(T, B, V), dLogits = tensor(T, B, V);
  const loss = tensor(), norm = tensor();
  const dWeightIh = tensor(H, V), dWeightHh = tensor(H, H), dBias = tensor(H);
  const dHeadWeight = tensor(V, H), dHeadBias = tensor(V);
  const P = H * V + H * H + H + V * H + V;
  const parameters = tensor(P), gradients = tensor(P);
  const activation = "tanh";
  const milliseconds = async (run: () => void) =>
    1000 * (await time(backend, run, seconds)).median;

  const forward = await milliseconds(() => {
    ops.embedding({ ids, weight: weightIh, output: input });
    const weight = weightHh;
    ops.rnn({ input, weight, bias, initialState, output, activation });
  });
  const head = await milliseconds(() => {
    const weight = headWeight;
    ops.linear({ input: output, weight, bias: headBias, output: logits });
    ops.softmaxCrossEntropy({ logits, targets: ids, loss, dLogits });
    ops.linearBackward({
      input: output,
      weight,
      dOutput: dLogits,
      dInput: dOutput,
      dWeight: dHeadWeight,
      dBias: dHeadBias,
    });
  });
  const wholeBackward = await milliseconds(() =>
    ops.rnnBackward({
      weight: weightHh,
      initialState,
      output,
      dOutput,
      dInput,
      dWeight: dWeightHh,
      dBias,
      activation,
    })
  );
  const product = await milliseconds(() =>
    ops.linearBackward({
      input: output,
      weight: weightHh,
      dOutput: dInput,
      dWeight: dWeightHh,
      dBias,
    })
  );
  const scatter = await milliseconds(() =>
    ops.embeddingBackward({ ids, dOutput: dInput, dWeight: dWeightIh })
  );
  const update = await milliseconds(() => {
    ops.globalNorm({ gradients, norm });
    ops.update({
      parameters,
      gradients,
      norm,
      learningRate: 1e-6,
      clipNorm: 1,
    });
  });
  for (
    const made of [
      ...[ids, weightIh, weightHh, bias, headWeight, headBias, initialState],
      ...[input, output, dOutput, dInput, logits, dLogits, loss, norm],
      ...[dWeightIh, dWeightHh, dBias, dHeadWeight, dHeadBias],
      ...[parameters, gradients],
    ]
  ) backend.free(made);
  return {
    ...sizes,
    forward,
    head,
    backward: wholeBackward - product,
    weightGradients: product + scatter,
    update,
  };
}

/** Times greedy generation of one text. */
export async function benchGeneration(
  backend: Backend,
  hiddenSize: number,
  seconds: number,
): Promise<GenerationResult> {
  const corpus = tokenize(ALPHABET);
  const config = configOf(hiddenSize);
  const checkpoint = {
    config,
    parameters: initializeParameters(config, { seed: 1, sigma: 0.05 }),
    tokenizer: corpus.tokenizer,
    vocabulary: corpus.vocabulary,
  } as const;
  const text = async (device: Backend, maxNewTokens: number) => {
    let text = "";
    for await (
      const piece of generate(checkpoint, "traveller", device, { maxNewTokens })
    ) text += piece;
    return text;
  };
  using reference = openReference({ precision: "float64" });
  if (await text(backend, 8) !== await text(reference, 8)) {
    throw new Error("generation differs from the reference: not worth timing");
  }
  const rates: number[] = [];
  let length = 256;
  for (const end = performance.now() + 1000 * seconds;;) {
    const start = performance.now();
    await text(backend, length);
    const taken = (performance.now() - start) / 1000;
    if (taken < seconds / 5) length *= 2; // so that starting is no part of it
    else rates.push(length / taken);
    if (performance.now() > end && rates.length >= 3) break;
  }
  return { hiddenSize, charactersPerSecond: median(rates) };
}

/** Trains on one random minibatch over and over, the state carried. */
export class Trainer implements Disposable {
  readonly model: LanguageModel;
  readonly #backend: Backend;
  readonly #optimizer: Optimizer;
  readonly #inputs;
  readonly #targets;
  readonly #loss;
  readonly #norm;

  constructor(backend: Backend, { hiddenSize, batchSize, numSteps }: Sizes) {
    this.#backend = backend;
    const config = configOf(hiddenSize);
    const shape = [numSteps, batchSize];
    this.model = new LanguageModel(backend, config, {
      batchSize,
      numSteps,
      trains: true,
    });
    this.model.write(initializeParameters(config, { seed: 1, sigma: 0.01 }));
    this.#optimizer = new Optimizer(backend, this.model, {
      optimizer: "sgd",
      weightDecay: 0,
      clipNorm: 1,
      clipValue: 0,
    });
    this.#inputs = backend.allocate(shape, "u32");
    this.#targets = backend.allocate(shape, "u32");
    this.#loss = backend.allocate([]);
    this.#norm = backend.allocate([]);
    backend.write(this.#inputs, someIds(numSteps * batchSize, 1));
    backend.write(this.#targets, someIds(numSteps * batchSize, 2));
  }

  minibatch(): void {
    this.model.forward(this.#inputs);
    this.model.loss(this.#targets, this.#loss);
    this.model.backward(this.#inputs);
    this.model.carryState();
    this.#optimizer.update(this.#norm, { learningRate: 1, step: 1 });
  }

  [Symbol.dispose](): void {
    this.model[Symbol.dispose]();
    for (
      const tensor of [this.#inputs, this.#targets, this.#loss, this.#norm]
    ) {
      this.#backend.free(tensor);
    }
  }
}

async function verifyGradients(backend: Backend, sizes: Sizes): Promise<void> {
  using reference = openReference({ precision: "float64" });
  using timed = new Trainer(backend, sizes);
  using checked = new Trainer(reference, sizes);
  timed.minibatch();
  checked.minibatch();
  const expected = await checked.model.readGradients();
  for (const [name, values] of await timed.model.readGradients()) {
    // Gradients of a mean over tokens are below 1, and float32 keeps 7 digits.
    verify(`gradient of ${name}`, values, expected.get(name)!, 1e-6);
  }
}

function configOf(hiddenSize: number): ModelConfig {
  return {
    cell: "rnn",
    activation: "tanh",
    vocabularySize: VOCABULARY_SIZE,
    hiddenSize,
    numLayers: 1,
  };
}

function someIds(length: number, seed: number): Uint32Array {
  return randomPermutation(seed, { stream: "shuffle" }, length)
    .map((n) => n % VOCABULARY_SIZE);
}
