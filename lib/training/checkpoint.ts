/**
 * Checkpoints: a trained model with all that evaluating and prompting it needs,
 * as the bytes of one safetensors file.
 *
 * @module
 */

import { assertConfig, type ModelConfig } from "../model/config.ts";
import { type Parameters, parameterSpecs } from "../model/parameters.ts";
import {
  decodeSafetensors,
  type Elements,
  encodeSafetensors,
  type Safetensors,
  type StoredTensor,
} from "../safetensors.ts";
import type { Sampling } from "../text/minibatch.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { UNKNOWN, type Vocabulary } from "../text/vocabulary.ts";

/** How a model was trained. */
export interface TrainingRecord {
  /** Rows of a minibatch. */
  readonly batchSize: number;
  /** Tokens of a row. */
  readonly numSteps: number;
  /** How minibatches followed each other. */
  readonly sampling: Sampling;
  /** Whether the state was zeroed at every minibatch. */
  readonly resetState: boolean;
  /** Step size of gradient descent. */
  readonly learningRate: number;
  /** 0: gradients were not clipped. */
  readonly clipNorm: number;
  /** Standard deviation of the initial weights. */
  readonly sigma: number;
  /** Seed of every random draw. */
  readonly seed: number;
}

/** A model and where it comes from. */
export interface Checkpoint {
  /** The architecture. */
  readonly config: ModelConfig;
  /** Its numbers. */
  readonly parameters: Parameters;
  /** How text is cut for it. */
  readonly tokenizer: Tokenizer;
  /** The tokens that it knows. */
  readonly vocabulary: Vocabulary;
  /** The text it was trained on: its name, how many tokens, SHA-256 of their ids. */
  readonly corpus: {
    readonly name: string;
    readonly tokens: number;
    readonly sha256: string;
  };
  /** How it was trained. */
  readonly training: TrainingRecord;
  /** How far training went: whole epochs, minibatches of the next, tokens in all. */
  readonly progress: {
    readonly epochs: number;
    readonly minibatches: number;
    readonly tokens: number;
  };
  /** Mean loss of the last whole epoch in nats per token; NaN before there is one. */
  readonly loss: number;
  /** What trained it: `weena`, and the device's description. */
  readonly provenance: string;
}

/** A file that is no checkpoint, or a damaged one. */
export class CheckpointError extends Error {
  /** Tells this error from others. */
  override readonly name = "CheckpointError";
}

/** Where a file keeps the digest of the rest of it. */
const DIGEST = "weena.sha256";

/** Version of the metadata; a reader refuses a greater one. */
const FORMAT_VERSION = 1;

/**
 * Writes a checkpoint. Equal checkpoints give equal bytes; PyTorch's safetensors
 * library reads the weights under the names of `nn.RNN` and `nn.Linear`.
 *
 * @throws {CheckpointError} If a parameter is not finite in float32.
 *
 * @example
 * ```ts
 * import { decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
 * import { openReference } from "../backend/reference/reference_backend.ts";
 * import { tokenize } from "../tokenize.ts";
 * import { train } from "../train.ts";
 *
 * using backend = openReference();
 * const options = { hiddenSize: 4, batchSize: 1, numSteps: 4, epochs: 1 };
 * for await (const event of train(tokenize("to and fro"), backend, options)) {
 *   if (event.type !== "checkpoint") continue;
 *   const bytes = await encodeCheckpoint(event.checkpoint);
 *   console.assert((await decodeCheckpoint(bytes)).config.hiddenSize === 4);
 * }
 * ```
 */
export async function encodeCheckpoint(
  checkpoint: Checkpoint,
): Promise<Uint8Array> {
  const { config, parameters, vocabulary } = checkpoint;
  const tensors = new Map<string, StoredTensor>();
  for (const { name, shape } of parameterSpecs(config)) {
    const data = Float32Array.from(parameters.get(name)!);
    assertFinite(name, data); // what is written can be read
    tensors.set(name, { shape, data });
    if (name.includes("bias_ih")) {
      // PyTorch's second bias: held in the first, whose gradient is the same.
      const zeros = new Float32Array(data.length);
      tensors.set(secondBias(name), { shape, data: zeros });
    }
  }
  const metadata = new Map([
    ["format", "pt"],
    ["weena.version", String(FORMAT_VERSION)],
    ["weena.config", JSON.stringify(config)],
    ["weena.tokenizer", JSON.stringify(checkpoint.tokenizer)],
    ["weena.vocabulary", JSON.stringify(vocabulary.tokens)],
    ["weena.counts", JSON.stringify(vocabulary.counts)],
    ["weena.corpus", JSON.stringify(checkpoint.corpus)],
    ["weena.training", JSON.stringify(checkpoint.training)],
    ["weena.progress", JSON.stringify(checkpoint.progress)],
    ["weena.loss", String(checkpoint.loss)],
    ["weena.provenance", checkpoint.provenance],
  ]);
  metadata.set(DIGEST, await contentDigest({ tensors, metadata }));
  return encodeSafetensors({ tensors, metadata });
}

/**
 * Reads a checkpoint.
 *
 * @throws {CheckpointError} If the bytes are not a whole, undamaged checkpoint of
 * a model that this version can build; says what was found.
 */
export async function decodeCheckpoint(bytes: Uint8Array): Promise<Checkpoint> {
  try {
    const { tensors, metadata } = decodeSafetensors(bytes);
    const text = (key: string) =>
      metadata.get(`weena.${key}`) ?? refuse(
        `it has no "weena.${key}" in its metadata, so it was not written by weena`,
      );
    const object = (key: string) => {
      const value: unknown = JSON.parse(text(key));
      return typeof value === "object" && value !== null
        ? value
        : refuse(`its "weena.${key}" is not an object`);
    };
    const version = Number(text("version"));
    if (!(version <= FORMAT_VERSION)) {
      refuse(
        `its format is version ${version}, this reader knows ${FORMAT_VERSION}`,
      );
    }
    if (await contentDigest({ tensors, metadata }) !== text("sha256")) {
      refuse("it is damaged: its SHA-256 is not the one recorded");
    }
    const vocabulary = {
      tokens: strings(JSON.parse(text("vocabulary"))),
      counts: numbers(JSON.parse(text("counts"))),
    };
    const config = object("config") as ModelConfig;
    assertConfig(config);
    if (config.numLayers > tensors.size) {
      refuse(`it has ${tensors.size} tensors for ${config.numLayers} layers`);
    }
    assertVocabulary(vocabulary, config.vocabularySize);
    return {
      config,
      parameters: readParameters(config, tensors),
      tokenizer: readTokenizer(object("tokenizer") as Tokenizer),
      vocabulary,
      corpus: object("corpus") as Checkpoint["corpus"],
      training: object("training") as TrainingRecord,
      progress: object("progress") as Checkpoint["progress"],
      loss: Number(text("loss")),
      provenance: text("provenance"),
    };
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    return refuse((error as Error).message);
  }
}

/** SHA-256 in hexadecimal digits. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const copy = new Uint8Array(bytes); // digest takes no view of shared memory
  const digest = await crypto.subtle.digest("SHA-256", copy);
  return new Uint8Array(digest).toHex();
}

/** SHA-256 of all that a file holds but the digest itself, however it is laid out. */
async function contentDigest(
  { tensors, metadata }: Safetensors,
): Promise<string> {
  const rest = new Map(metadata);
  rest.delete(DIGEST);
  return await sha256(encodeSafetensors({ tensors, metadata: rest }));
}

function readParameters(
  config: ModelConfig,
  tensors: ReadonlyMap<string, StoredTensor>,
): Parameters {
  const expected = new Set<string>();
  const parameters = new Map<string, Float32Array | Float64Array>();
  const take = (name: string, shape: readonly number[]) => {
    expected.add(name);
    const stored = tensors.get(name) ?? refuse(`the tensor ${name} is missing`);
    if (
      stored.shape.join() !== shape.join() ||
      !(stored.data instanceof Float32Array)
    ) {
      refuse(
        `the tensor ${name} has the shape (${stored.shape.join(", ")}), ` +
          `expected (${shape.join(", ")}) of F32`,
      );
    }
    assertFinite(name, stored.data);
    return stored.data as Float32Array;
  };
  for (const { name, shape } of parameterSpecs(config)) {
    const values = take(name, shape);
    if (name.includes("bias_ih")) {
      const second = take(secondBias(name), shape);
      second.forEach((value, i) => values[i] += value);
      assertFinite(name, values);
    }
    parameters.set(name, values);
  }
  for (const name of tensors.keys()) {
    if (!expected.has(name)) refuse(`it holds an unexpected tensor, ${name}`);
  }
  return parameters;
}

function assertFinite(name: string, values: Elements): void {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) refuse(`the tensor ${name} holds ${values[bad]}`);
}

function secondBias(name: string): string {
  return name.replace("bias_ih", "bias_hh");
}

function readTokenizer(tokenizer: Tokenizer): Tokenizer {
  const { level, normalize } = tokenizer;
  if (
    ["char", "word", "byte"].includes(level) &&
    ["letters", "none"].includes(normalize)
  ) return tokenizer;
  return refuse(`its tokenizer is unknown: ${level}, ${normalize}`);
}

function assertVocabulary({ tokens, counts }: Vocabulary, size: number): void {
  if (
    tokens.length !== size || counts.length !== size || tokens[0] !== UNKNOWN ||
    new Set(tokens).size !== size
  ) refuse(`its vocabulary does not have ${size} different tokens`);
}

function strings(value: unknown): string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) {
    return value;
  }
  return refuse("its vocabulary is not a list of strings");
}

function numbers(value: unknown): number[] {
  if (Array.isArray(value) && value.every((item) => Number.isFinite(item))) {
    return value;
  }
  return refuse("its counts are not a list of numbers");
}

function refuse(reason: string): never {
  throw new CheckpointError(`Not a usable checkpoint: ${reason}`);
}
