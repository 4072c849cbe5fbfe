/**
 * Checkpoints: a trained model with everything that evaluating and prompting it needs,
 * stored as the bytes of one safetensors file.
 *
 * @module
 */

import { FormatError, InputError } from "../input_error.ts";
import { parseJson } from "../json_value.ts";
import type { ModelConfig } from "../model/config.ts";
import type { Parameters } from "../model/parameters.ts";
import { fromStateDict, toStateDict } from "../model/state_dict.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type Safetensors,
  type StoredTensor,
} from "../safetensors.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { readVocabulary, type Vocabulary } from "../text/vocabulary.ts";
import {
  assertVersion,
  configOf,
  FORMAT_VERSION,
  isTrained,
  type Metadata,
  metadataText,
  resumeFieldsOf,
  tokenizerOf,
  trainingOf,
  type TrainingOrigin,
} from "./checkpoint_metadata.ts";
import {
  decodeResumeData,
  encodeResumeData,
  type ResumeData,
  TRAIN_PREFIX,
} from "./resume_data.ts";

/** A model that can be evaluated, prompted and exported. */
export interface TrainedModel {
  /** The architecture. */
  readonly config: ModelConfig;
  /** The parameters. */
  readonly parameters: Parameters;
  /** How text is split into tokens for it. */
  readonly tokenizer: Tokenizer;
  /** The tokens that the model knows. */
  readonly vocabulary: Vocabulary;
}

/** A model, how it was trained, and what resuming its training needs. */
export interface Checkpoint extends TrainedModel, TrainingOrigin {
  /**
   * Mean loss of the last complete epoch in nats per token; NaN if there is none yet.
   */
  readonly loss: number;
  /** Mean loss on the validation text; NaN if there is none. */
  readonly validationLoss: number;
  /** What resuming needs; undefined in a model that is only meant to be used. */
  readonly resumeData?: ResumeData;
  /** What trained it: `weena` and a description of the device. */
  readonly provenance: string;
}

/** A model that was trained by another program; nothing is known about its training. */
export interface ImportedModel extends TrainedModel {
  /** Where it comes from. */
  readonly provenance: string;
}

/** A file is not a checkpoint, or is damaged. */
export class CheckpointError extends Error {
  /** Name of the class, which messages and stack traces show. */
  override readonly name = "CheckpointError";
}

/** Where a file keeps the digest of the rest of it. */
const DIGEST = "weena.sha256";

/**
 * Encodes a checkpoint, or a model that was imported. Equal ones give equal bytes.
 * PyTorch's safetensors library can read the weights under the names of `nn.RNN`,
 * `nn.GRU` or `nn.LSTM` and `nn.Linear`, if the tensors `train.…` are left out.
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
 * Decodes a checkpoint.
 *
 * @throws {CheckpointError} If the bytes are not a complete, undamaged checkpoint of a
 * model that this version can build, or if the model was imported; the message says
 * what was found.
 */
export async function decodeCheckpoint(bytes: Uint8Array): Promise<Checkpoint> {
  const model = await decodeModel(bytes);
  if ("training" in model) return model;
  return refuse("the model was imported, and nothing says how it was trained");
}

/**
 * Decodes a checkpoint, or a model that was imported.
 *
 * @throws {CheckpointError} If the bytes are not a complete, undamaged file of a model
 * that this version can build; the message says what was found.
 */
export async function decodeModel(
  bytes: Uint8Array,
): Promise<Checkpoint | ImportedModel> {
  try {
    return await readContents(decodeSafetensors(bytes));
  } catch (error) {
    if (error instanceof InputError || error instanceof FormatError) {
      return refuse(error.message);
    }
    throw error;
  }
}

/** The model that a file holds; throws any error where it holds none. */
async function readContents(
  contents: Safetensors,
): Promise<Checkpoint | ImportedModel> {
  const { tensors, metadata } = contents;
  const values: Metadata = (key) => metadata.get(`weena.${key}`);
  const text = (key: string) => metadataText(values, key);
  assertVersion(values);
  if (await contentDigest(contents) !== text("sha256")) {
    refuse("it is damaged: its SHA-256 differs from the recorded one");
  }
  const tokens: unknown = parseJson(text("vocabulary"));
  const counts: unknown = parseJson(text("counts"));
  const config = configOf(values);
  if (config.numLayers > tensors.size) {
    refuse(`it has ${tensors.size} tensors for ${config.numLayers} layers`);
  }
  const vocabulary = readVocabulary({ tokens, counts }, config.vocabularySize);
  const weights = new Map(
    [...tensors].filter(([name]) => !name.startsWith(TRAIN_PREFIX)),
  );
  const model: ImportedModel = {
    config,
    parameters: fromStateDict(config, weights),
    tokenizer: tokenizerOf(values),
    vocabulary,
    provenance: text("provenance"),
  };
  if (!isTrained(values)) return model;
  const trained = trainingOf(values);
  const { batchSize } = trained.training;
  return {
    ...model,
    ...trained,
    loss: Number(text("loss")),
    validationLoss: Number(text("validation_loss")),
    ...(values("state") !== undefined && {
      resumeData: decodeResumeData(
        config,
        batchSize,
        tensors,
        resumeFieldsOf(values),
      ),
    }),
  };
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

function refuse(reason: string): never {
  throw new CheckpointError(`Not a usable checkpoint: ${reason}`);
}
