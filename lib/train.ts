/**
 * Stage 4: from a corpus to a trained model.
 *
 * @module
 */

import { InputError } from "./input_error.ts";
import type { Backend } from "./backend/backend.ts";
import type { DeviceError } from "./backend/device_error.ts";
import {
  type ModelConfig,
  modelConfig,
  type ModelSettings,
} from "./model/config.ts";
import { initializeParameters, type Parameters } from "./model/parameters.ts";
import { partition } from "./partition.ts";
import type { Corpus } from "./text/corpus.ts";
import { corpusDigest } from "./text/corpus_digest.ts";
import type { Checkpoint } from "./training/checkpoint.ts";
import {
  assertSettings,
  RESUMABLE_SETTINGS,
  withDefaults,
} from "./training/settings.ts";
import type { TrainingRecord } from "./training/settings.ts";
import type { LearningRateSchedule } from "./training/learning_rate.ts";
import type { TrainEvent } from "./training/events.ts";
import { runTraining } from "./training/run_training.ts";
import type { Loop } from "./training/trainer.ts";

/**
 * Settings of {@linkcode train} and {@linkcode resume} that do not affect the results.
 */
export interface TrainControls {
  /** Number of epochs between checkpoint events; 0, the default: only at the end. */
  readonly checkpointEvery?: number;
  /** Number of seconds between checkpoint events; 0, the default: not by time. */
  readonly checkpointSeconds?: number;
  /** Number of epochs between sample events; 0, the default: none. */
  readonly sampleEvery?: number;
  /**
   * Whether to yield progress events within an epoch, about ten per second. Default
   * false.
   */
  readonly progress?: boolean;
  /**
   * Ends training early: the current work is finished, and a last checkpoint is
   * yielded. If the signal is given while an epoch event, or one that follows it, is
   * handled, training ends with that epoch.
   */
  readonly signal?: AbortSignal;
  /** The clock that `seconds` is measured with; it does not affect any other result. */
  readonly clock?: () => number;
  /**
   * Opens a new backend when the device of the one in use is lost. What was trained
   * since the last checkpoint is then trained again on it, and the events go on as if
   * nothing had happened; up to three times within a minute. Closing the backends is up
   * to the caller. Default: the error is thrown.
   */
  readonly reopen?: (loss: DeviceError) => Promise<Backend>;
}

/** Settings of {@linkcode train}; the defaults are the chapter's. */
export interface TrainOptions
  extends
    Partial<ModelSettings>,
    Partial<Omit<TrainingRecord, "offset">>,
    TrainControls {
  /** Initial parameters, instead of random ones. */
  readonly parameters?: Parameters;
  /**
   * Number of tokens to leave out at the start of every epoch, instead of a random
   * number.
   */
  readonly offset?: number;
}

/** Settings of {@linkcode resume}: each one keeps its value unless it is given. */
export interface ResumeOptions extends TrainControls {
  /** Total number of epochs, including those already done. */
  readonly epochs?: number;
  /** Learning rate, before warm-up and schedule. */
  readonly learningRate?: number;
  /** How the learning rate decreases, over `epochs` epochs in total. */
  readonly schedule?: LearningRateSchedule;
  /** Epochs without a better validation loss after which training ends; 0: never. */
  readonly patience?: number;
}

/**
 * Trains a model with truncated backpropagation through time and clipped gradient
 * descent, as in d2l 8.5.6, and yields events: one per epoch, and checkpoints, the best
 * model before the last one. Nothing happens until the first event is requested;
 * `break` ends training and frees all tensors.
 *
 * The same corpus, options and backend give the same results to the bit. The model is
 * evaluated on the held-out text, `corpus.validation`, after every epoch.
 *
 * @throws {RangeError} If a setting is out of its range or the corpus too short.
 * @throws {DivergenceError} If three minibatches in a row have a gradient that is not
 * finite; before that, a checkpoint of the last good parameters is yielded, from which
 * training can continue with a smaller learning rate. If minibatches that were queued
 * after the third one have changed the model, it is trained again from the checkpoint
 * before, so that they are not part of it.
 * @throws {DeviceError} If the device fails.
 *
 * @example
 * ```ts
 * import { openReference } from "./backend/reference/reference_backend.ts";
 * import { tokenize } from "./tokenize.ts";
 * import { train } from "./train.ts";
 *
 * using backend = openReference();
 * const corpus = tokenize("the time traveller came back in time for tea");
 * const options = { hiddenSize: 8, batchSize: 2, numSteps: 6, epochs: 2 };
 * for await (const event of train(corpus, backend, options)) {
 *   if (event.type === "epoch") console.assert(event.perplexity < 20);
 * }
 * ```
 */
export async function* train(
  corpus: Corpus,
  backend: Backend,
  options: TrainOptions = {},
): AsyncGenerator<TrainEvent, void> {
  const training = withDefaults(options);
  const config = modelConfig(options, corpus.vocabulary.tokens.length);
  assertTrainable(corpus, config, training);
  yield* runTraining(corpus, backend, {
    config,
    training,
    corpus: await corpusRecord(corpus),
    parameters: () =>
      options.parameters ?? initializeParameters(config, training),
    progress: { epochs: 0, minibatches: 0, tokens: 0 },
    loss: NaN,
    validationLoss: NaN,
  }, controls(options));
}

/**
 * Resumes a training that was stopped. On the same device, the events that follow and
 * the final parameters are the same to the bit as those of a training that was never
 * stopped, unless a setting is changed. The optimizer's moments are kept in any case.
 *
 * @param checkpoint A checkpoint with `resumeData`, as yielded by `train`.
 * @param corpus The same text, in the same tokens.
 * @throws {RangeError} If the corpus or its held-out part is a different one, a setting
 * is out of its range, or fewer epochs are requested than are already done.
 * @throws {TypeError} If the checkpoint has no `resumeData`.
 * @throws {DivergenceError} As {@linkcode train} does.
 * @throws {DeviceError} As {@linkcode train} does.
 *
 * @example
 * ```ts
 * import { openReference } from "./backend/reference/reference_backend.ts";
 * import { tokenize } from "./tokenize.ts";
 * import { resume, train } from "./train.ts";
 *
 * using backend = openReference();
 * const corpus = tokenize("the time traveller came back in time for tea");
 * const options = { hiddenSize: 8, batchSize: 2, numSteps: 6, epochs: 2 };
 * for await (const event of train(corpus, backend, options)) {
 *   if (event.type !== "checkpoint") continue;
 *   const more = resume(event.checkpoint, corpus, backend, { epochs: 3 });
 *   for await (const event of more) {
 *     if (event.type === "epoch") console.assert(event.epoch === 3);
 *   }
 * }
 * ```
 */
export async function* resume(
  checkpoint: Checkpoint,
  corpus: Corpus,
  backend: Backend,
  options: ResumeOptions = {},
): AsyncGenerator<TrainEvent, void> {
  const { config, progress, resumeData } = checkpoint;
  const training = resumedSettings(checkpoint.training, options);
  if (!resumeData) {
    throw new TypeError(
      "Cannot resume: the checkpoint holds a model, but not what " +
        "resuming its training needs",
    );
  }
  if (training.epochs < progress.epochs) {
    throw new InputError(
      `Cannot resume for ${training.epochs} epochs in total: ` +
        `${progress.epochs} are already done`,
    );
  }
  assertTrainable(corpus, config, training);
  const record = await corpusRecord(corpus);
  assertSameText(record, checkpoint.corpus);
  yield* runTraining(corpus, backend, {
    ...checkpoint,
    training,
    corpus: record,
    parameters: () => checkpoint.parameters,
    resumeData,
  }, controls(options));
}

/** The settings that training goes on with. */
export function resumedSettings(
  recorded: TrainingRecord,
  given: ResumeOptions,
): TrainingRecord {
  const settled = RESUMABLE_SETTINGS.map((key) =>
    [key, given[key] ?? recorded[key]] as const
  );
  return { ...recorded, ...Object.fromEntries(settled) };
}

/** What a checkpoint says of the text. */
async function corpusRecord(
  { name, ids, validation }: Corpus,
): Promise<Checkpoint["corpus"]> {
  return {
    name,
    tokens: ids.length,
    sha256: await corpusDigest(ids),
    validationTokens: validation?.length ?? 0,
    ...validation && { validationSha256: await corpusDigest(validation) },
  };
}

/** Throws a RangeError unless a text is the one that the training was on. */
function assertSameText(
  text: Checkpoint["corpus"],
  before: Checkpoint["corpus"],
): void {
  const refuse = (what: string): never => {
    throw new InputError(
      `Cannot resume on "${text.name}": ${what} that the model was ` +
        `trained with, in the same tokens (${before.tokens} tokens and ` +
        `${before.validationTokens} held out; here ${text.tokens} and ` +
        `${text.validationTokens})`,
    );
  };
  if (text.sha256 !== before.sha256) refuse("it is not the text");
  // Checkpoints of earlier versions do not have the second digest.
  const { validationSha256 = text.validationSha256 } = before;
  if (
    text.validationTokens !== before.validationTokens ||
    text.validationSha256 !== validationSha256
  ) refuse("its held-out part is not the one");
}

/** Throws a RangeError unless the settings fit each other and the corpus. */
function assertTrainable(
  corpus: Corpus,
  config: ModelConfig,
  training: TrainingRecord,
): void {
  assertSettings(training);
  if (training.dropout > 0 && config.numLayers < 2) {
    throw new InputError(
      "Cannot use dropout in a model with one layer: dropout acts " +
        "between layers, so use two or more",
    );
  }
  const offset = training.offset ?? undefined;
  partition(corpus.ids, { ...training, offset }); // refuses what does not fit
  const { validation } = corpus;
  if (validation && validation.length <= training.batchSize) {
    throw new InputError(
      `The validation text is too short: ${validation.length} tokens ` +
        `for ${training.batchSize} rows. Use a batch size of at most ` +
        `${validation.length - 1}, or hold out more`,
    );
  }
  if (training.patience > 0 && !validation) {
    throw new InputError(
      "Cannot stop early without a validation text: hold out a part " +
        "of the corpus",
    );
  }
}

function controls(options: TrainControls): Loop {
  const { checkpointEvery = 0, sampleEvery = 0 } = options;
  for (
    const [name, value] of Object.entries({ checkpointEvery, sampleEvery })
  ) {
    if (Number.isSafeInteger(value) && value >= 0) continue;
    throw new InputError(
      `Cannot use ${name} ${value}: expected a whole number of at ` +
        "least 0",
    );
  }
  return {
    checkpointEvery,
    sampleEvery,
    progress: options.progress ?? false,
    checkpointSeconds: options.checkpointSeconds ?? 0,
    signal: options.signal,
    clock: options.clock,
    reopen: options.reopen,
  };
}
