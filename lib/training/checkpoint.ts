/**
 * Checkpoints: a trained model with all that evaluating and prompting it needs,
 * as the bytes of one safetensors file.
 *
 * @module
 */

import { assertConfig, type ModelConfig } from "../model/config.ts";
import type { Parameters } from "../model/parameters.ts";
import { fromStateDict, toStateDict } from "../model/state_dict.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type Safetensors,
  type StoredTensor,
} from "../safetensors.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { UNKNOWN, type Vocabulary } from "../text/vocabulary.ts";
import type { TrainingRecord } from "./settings.ts";
import {
  decodeResumeData,
  encodeResumeData,
  type ResumeData,
  TRAIN_PREFIX,
} from "./resume_data.ts";

/** A model that can be used: evaluated, prompted, exported. */
export interface TrainedModel {
  /** The architecture. */
  readonly config: ModelConfig;
  /** Its numbers. */
  readonly parameters: Parameters;
  /** How text is cut for it. */
  readonly tokenizer: Tokenizer;
  /** The tokens that it knows. */
  readonly vocabulary: Vocabulary;
}

/** A model, where it comes from, and how its training goes on. */
export interface Checkpoint extends TrainedModel {
  /** The text it was trained on: its name, how many tokens, SHA-256 of their ids. */
  readonly corpus: {
    readonly name: string;
    readonly tokens: number;
    readonly sha256: string;
    /** Tokens that were held out for validation; 0: none. */
    readonly validationTokens: number;
    /** SHA-256 of their ids; unknown of checkpoints that earlier versions wrote. */
    readonly validationSha256?: string;
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
  /** The same of the validation text; NaN where there is none. */
  readonly validationLoss: number;
  /** What resuming needs; a model that is only to be used has none. */
  readonly resumeData?: ResumeData;
  /** What trained it: `weena`, and the device's description. */
  readonly provenance: string;
}

/** A model that another program trained: of its training nothing is known. */
export interface ImportedModel extends TrainedModel {
  /** Where it comes from. */
  readonly provenance: string;
}

/** A file that is no checkpoint, or a damaged one. */
export class CheckpointError extends Error {
  /** Tells this error from others. */
  override readonly name = "CheckpointError";
}

/** Where a file keeps the digest of the rest of it. */
const DIGEST = "weena.sha256";

/** Version of the metadata; a reader refuses any other. */
const FORMAT_VERSION = 2;

/**
 * Writes a checkpoint, or a model that was imported. Equal ones give equal bytes;
 * PyTorch's safetensors library reads the weights under the names of `nn.RNN`,
 * `nn.GRU` or `nn.LSTM` and `nn.Linear`, once the tensors `train.…` are left out.
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
  checkpoint: Checkpoint | ImportedModel,
): Promise<Uint8Array> {
  const { config, parameters, vocabulary } = checkpoint;
  const tensors: Map<string, StoredTensor> = toStateDict(config, parameters);
  for (const [name, { data }] of tensors) {
    const bad = data.findIndex((value) => !Number.isFinite(Math.fround(value)));
    if (bad >= 0) refuse(`the tensor ${name} holds ${data[bad]}`);
  }
  const metadata = new Map([
    ["format", "pt"],
    ["weena.version", String(FORMAT_VERSION)],
    ["weena.config", JSON.stringify(config)],
    ["weena.tokenizer", JSON.stringify(checkpoint.tokenizer)],
    ["weena.vocabulary", JSON.stringify(vocabulary.tokens)],
    ["weena.counts", JSON.stringify(vocabulary.counts)],
    ["weena.provenance", checkpoint.provenance],
  ]);
  if ("training" in checkpoint) {
    const { corpus, training, progress, resumeData } = checkpoint;
    metadata.set("weena.corpus", JSON.stringify(corpus));
    metadata.set("weena.training", JSON.stringify(training));
    metadata.set("weena.progress", JSON.stringify(progress));
    metadata.set("weena.loss", String(checkpoint.loss));
    metadata.set("weena.validation_loss", String(checkpoint.validationLoss));
    if (resumeData) {
      const saved = encodeResumeData(config, training.batchSize, resumeData);
      for (const [name, tensor] of saved) tensors.set(name, tensor);
      const { updates, skippedInRow, best } = resumeData;
      const rest = { updates, skippedInRow, best };
      metadata.set("weena.state", JSON.stringify(rest));
    }
  }
  metadata.set(DIGEST, await contentDigest({ tensors, metadata }));
  return encodeSafetensors({ tensors, metadata });
}

/**
 * Reads a checkpoint.
 *
 * @throws {CheckpointError} If the bytes are not a whole, undamaged checkpoint of
 * a model that this version can build, or that of a model that was imported; says
 * what was found.
 */
export async function decodeCheckpoint(bytes: Uint8Array): Promise<Checkpoint> {
  const model = await decodeModel(bytes);
  if ("training" in model) return model;
  return refuse("the model was imported, and nothing tells how it was trained");
}

/**
 * Reads a checkpoint, or a model that was imported: one that can be used.
 *
 * @throws {CheckpointError} If the bytes are not a whole, undamaged file of a model
 * that this version can build; says what was found.
 */
export async function decodeModel(
  bytes: Uint8Array,
): Promise<Checkpoint | ImportedModel> {
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
    if (version !== FORMAT_VERSION) {
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
    const weights = new Map(
      [...tensors].filter(([name]) => !name.startsWith(TRAIN_PREFIX)),
    );
    const model: ImportedModel = {
      config,
      parameters: fromStateDict(config, weights),
      tokenizer: readTokenizer(object("tokenizer") as Tokenizer),
      vocabulary,
      provenance: text("provenance"),
    };
    const ofTraining = ["corpus", "training", "progress", "loss", "state"];
    if (!ofTraining.some((key) => metadata.has(`weena.${key}`))) return model;
    const training = object("training") as TrainingRecord;
    return {
      ...model,
      corpus: object("corpus") as Checkpoint["corpus"],
      training,
      progress: object("progress") as Checkpoint["progress"],
      loss: Number(text("loss")),
      validationLoss: Number(text("validation_loss")),
      ...(metadata.has("weena.state") && {
        resumeData: decodeResumeData(
          config,
          training.batchSize,
          tensors,
          readResumeData(object("state") as ResumeData),
        ),
      }),
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

/** Whether the digest that a file's metadata holds is that of the rest of it. */
export async function isWhole(contents: Safetensors): Promise<boolean> {
  return await contentDigest(contents) === contents.metadata.get(DIGEST);
}

/** SHA-256 of all that a file holds but the digest itself, however it is laid out. */
async function contentDigest(
  { tensors, metadata }: Safetensors,
): Promise<string> {
  const rest = new Map(metadata);
  rest.delete(DIGEST);
  return await sha256(encodeSafetensors({ tensors, metadata: rest }));
}

/** What of it is not in tensors; earlier versions took NaN for a best loss. */
function readResumeData({ updates, skippedInRow, best }: ResumeData) {
  const isFinite = best && Number.isFinite(best.loss);
  return { updates, skippedInRow, best: isFinite ? best : undefined };
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
