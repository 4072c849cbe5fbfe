/**
 * weena trains small recurrent language models on text and generates text with them.
 *
 * Six stages, each a pure function, lead from a URL to generated text:
 * {@linkcode download}, {@linkcode tokenize}, {@linkcode partition}, {@linkcode train},
 * {@linkcode evaluate}, {@linkcode generate}. In addition, {@linkcode generateTokens}
 * makes several continuations with their probabilities, {@linkcode score} gives the
 * probabilities and hidden states for a given text, and {@linkcode exportWeights} and
 * {@linkcode importWeights} exchange models with PyTorch. Models run on a
 * {@linkcode Backend} that {@linkcode openBackend} opens.
 *
 * @example
 * ```ts
 * import { generate, openBackend, tokenize, train } from "./mod.ts";
 *
 * using backend = await openBackend("reference");
 * const corpus = tokenize("the time traveller came back in time for tea. ");
 * const options = { hiddenSize: 16, batchSize: 2, numSteps: 8, epochs: 3 };
 * for await (const event of train(corpus, backend, options)) {
 *   if (event.type === "epoch") console.assert(event.perplexity < 30);
 *   if (event.type !== "checkpoint" || event.reason !== "last") continue;
 *   let text = "";
 *   for await (const piece of generate(event.checkpoint, "the", backend)) {
 *     text += piece;
 *   }
 *   console.assert(text.length === 3 + 50);
 * }
 * ```
 *
 * @module
 */

export {
  download,
  DownloadError,
  type DownloadOptions,
  TIME_MACHINE,
} from "./lib/download.ts";
export type { Corpus, TokenizeOptions } from "./lib/text/corpus.ts";
export { tokenize, tokenizeStream } from "./lib/tokenize.ts";
export {
  type Partition,
  partition,
  type PartitionOptions,
} from "./lib/partition.ts";
export {
  resume,
  type ResumeOptions,
  train,
  type TrainControls,
  type TrainOptions,
} from "./lib/train.ts";
export {
  type CheckpointEvent,
  DivergenceError,
  type EpochEvent,
  type ProgressEvent,
  type SampleEvent,
  type TrainEvent,
} from "./lib/training/events.ts";
export {
  evaluate,
  type EvaluateOptions,
  type Evaluation,
} from "./lib/evaluate.ts";
export {
  type LikelyToken,
  score,
  type ScoredToken,
  type ScoreOptions,
} from "./lib/score.ts";
export { generate } from "./lib/generate.ts";
export { generateTokens } from "./lib/generation/generate_tokens.ts";
export type {
  GeneratedPiece,
  GeneratedToken,
} from "./lib/generation/continuation.ts";
export type {
  GenerateOptions,
  GenerateTokensOptions,
} from "./lib/generation/options.ts";

export {
  type Checkpoint,
  CheckpointError,
  decodeCheckpoint,
  decodeModel,
  encodeCheckpoint,
  type ImportedModel,
  type TrainedModel,
} from "./lib/training/checkpoint.ts";
export { FormatError, InputError } from "./lib/input_error.ts";
export type {
  CorpusRecord,
  TrainingOrigin,
} from "./lib/training/checkpoint_metadata.ts";
export type { Progress } from "./lib/training/progress.ts";
export { corpusOptions } from "./lib/training/corpus_options.ts";
export { exportWeights } from "./lib/exchange/export_weights.ts";
export {
  type ImportOptions,
  importWeights,
  tensorsLeftOut,
} from "./lib/exchange/import_weights.ts";
export {
  inspect,
  type InspectedTensor,
  type Inspection,
} from "./lib/exchange/inspect.ts";
export type { Prediction } from "./lib/training/evaluation.ts";
export type { Best } from "./lib/training/best.ts";
export {
  LEARNING_RATE_SCHEDULES,
  type LearningRateSchedule,
} from "./lib/training/learning_rate.ts";
export {
  MOMENT_NAMES,
  type MomentName,
  type Moments,
  OPTIMIZER_NAMES,
} from "./lib/training/optimizer.ts";
export {
  TRAINING_SETTINGS,
  type TrainingRecord,
  withDefaults,
} from "./lib/training/settings.ts";
export type {
  Choice,
  Described,
  KindOf,
  NumberRange,
  SettingsOf,
  Switch,
} from "./lib/setting.ts";
export type {
  MinibatchResult,
  ResumeData,
} from "./lib/training/resume_data.ts";
export {
  decodeTokenFile,
  encodeTokenFile,
  tokenFileParts,
} from "./lib/text/token_file.ts";
export { perplexity } from "./lib/training/metrics.ts";
export type { Clock } from "./lib/training/pace.ts";

export {
  type Minibatch,
  type Sampling,
  SAMPLINGS,
} from "./lib/text/minibatch.ts";
export { type Normalization, NORMALIZATIONS } from "./lib/text/normalize.ts";
export { decodeIds } from "./lib/text/decode_ids.ts";
export { canContinue, encodePrefix } from "./lib/text/prefix.ts";
export { textJoiner } from "./lib/text/text_joiner.ts";
export type { TokenIds } from "./lib/text/token_ids.ts";
export { type Level, LEVELS, type Tokenizer } from "./lib/text/tokenizer.ts";
export type { Vocabulary } from "./lib/text/vocabulary.ts";

export {
  MODEL_SETTINGS,
  type ModelConfig,
  modelConfig,
  type ModelSettings,
} from "./lib/model/config.ts";
export {
  CELL_NAMES,
  type CellName,
  type StateName,
} from "./lib/model/cells.ts";
export {
  type DropoutPlace,
  LanguageModel,
  type LanguageModelOptions,
  type States,
} from "./lib/model/language_model.ts";
export { oneHot } from "./lib/model/one_hot.ts";
export {
  type Initialization,
  type InitializationOptions,
  INITIALIZATIONS,
  initializeParameters,
  parameterCount,
  type Parameters,
} from "./lib/model/parameters.ts";

export {
  chooseDevice,
  type ChosenBackend,
  DEVICE_NAMES,
  type DeviceChoice,
  type DeviceName,
  openBackend,
  openChosen,
  type OpenOptions,
} from "./lib/backend/open.ts";
export {
  DeviceError,
  type DeviceErrorKind,
} from "./lib/backend/device_error.ts";
export type { Backend } from "./lib/backend/backend.ts";
export type * from "./lib/backend/ops.ts";
export { ACTIVATIONS, UPDATE_RULES } from "./lib/backend/ops.ts";
export {
  type DType,
  DTYPES,
  type Tensor,
  type Values,
} from "./lib/backend/tensor.ts";
