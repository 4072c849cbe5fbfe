/**
 * What there is to know of a model, and what it is to be made by.
 *
 * @module
 */

import { parameterCount } from "../../lib/model/parameters.ts";
import { withDefaults } from "../../lib/training/settings.ts";
import {
  type Checkpoint,
  type Corpus,
  partition,
  perplexity,
  type TrainOptions,
} from "../../mod.ts";
import type { ModelSummary, Notice, Settings } from "./protocol.ts";
import { usablePrefix } from "./writing.ts";

/** What is known of a training before it begins. */
export type Plan = Pick<Checkpoint, "config" | "progress" | "training">;

/** The form's settings as those of training; what it does not ask is as is usual. */
export function trainOptions(settings: Settings): TrainOptions {
  const { normalize: _, holdOut: __, ...options } = settings;
  return {
    ...options,
    ...(options.cell === "lstm" && { forgetBias: 1 }),
    ...(options.optimizer !== "sgd" && { init: "uniform" }),
  };
}

/** The plan of a new model. */
export function planOf(settings: Settings, corpus: Corpus): Plan {
  const { cell, hiddenSize, numLayers } = settings;
  const vocabularySize = corpus.vocabulary.tokens.length;
  return {
    config: { cell, hiddenSize, numLayers, vocabularySize },
    progress: { epochs: 0, minibatches: 0, tokens: 0 },
    training: withDefaults(trainOptions(settings)),
  };
}

/**
 * The word that training begins.
 *
 * @throws {RangeError} If the text is too short.
 */
export function startOf(
  { config, progress, training }: Plan,
  { ids, tokenizer }: Corpus,
): Extract<Notice, { kind: "started" }> {
  const offset = training.offset ?? undefined;
  return {
    kind: "started",
    isNew: progress.tokens === 0,
    level: tokenizer.level,
    tokens: ids.length,
    vocabularySize: config.vocabularySize,
    parameters: parameterCount(config),
    epoch: progress.epochs,
    epochs: training.epochs,
    minibatches: partition(ids, { ...training, offset }).count,
  };
}

/** What the page shows of a model. */
export function summarize(
  checkpoint: Checkpoint,
  prefix: string,
): ModelSummary {
  const { config, progress, training, tokenizer } = checkpoint;
  return {
    corpus: checkpoint.corpus.name,
    cell: config.cell,
    hiddenSize: config.hiddenSize,
    numLayers: config.numLayers,
    vocabularySize: config.vocabularySize,
    parameters: parameterCount(config),
    ...tokenizer,
    epoch: progress.epochs,
    epochs: training.epochs,
    perplexity: perplexity(checkpoint.loss),
    canResume: checkpoint.state !== undefined,
    prefix: usablePrefix(checkpoint, prefix),
  };
}
