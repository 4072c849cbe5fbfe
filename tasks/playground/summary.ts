/**
 * What the page knows about a model, and how a new one is made.
 *
 * @module
 */

import {
  type CellName,
  type Checkpoint,
  type Corpus,
  type Initialization,
  type ModelConfig,
  parameterCount,
  perplexity,
  TRAINING_SETTINGS,
  type TrainOptions,
  type UpdateRule,
} from "../../mod.ts";
import type { ModelSummary, Settings, Started } from "./protocol.ts";
import { usablePrefix } from "./writing.ts";

/** How weights begin, where it is not "uniform": for gradient descent as in the book. */
const INITIALIZATIONS: Readonly<Partial<Record<UpdateRule, Initialization>>> = {
  sgd: "normal",
};

/** The form's settings as those of training, with usual values for all others. */
export function trainOptions(settings: Settings): TrainOptions {
  const { normalize: _, holdOut: __, ...options } = settings;
  return {
    ...options,
    ...(hasForgetGate(options.cell) && { forgetBias: 1 }),
    init: INITIALIZATIONS[options.optimizer] ?? "uniform",
  };
}

function hasForgetGate(cell: CellName): boolean {
  return TRAINING_SETTINGS.forgetBias.onlyWith?.cell.includes(cell) ?? false;
}

/** The architecture of a new model. */
export function configOf(settings: Settings, corpus: Corpus): ModelConfig {
  const { cell, hiddenSize, numLayers } = settings;
  const vocabularySize = corpus.vocabulary.tokens.length;
  return { cell, hiddenSize, numLayers, vocabularySize };
}

/** What the page is told when training begins or is resumed. */
export function startOf(
  config: ModelConfig,
  { ids, tokenizer }: Corpus,
  epochs: { readonly done: number; readonly planned: number },
): Omit<Started, "isNew"> {
  return {
    kind: "started",
    level: tokenizer.level,
    tokens: ids.length,
    vocabularySize: config.vocabularySize,
    parameters: parameterCount(config),
    epoch: epochs.done,
    epochs: epochs.planned,
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
    config,
    parameters: parameterCount(config),
    ...tokenizer,
    epoch: progress.epochs,
    epochs: training.epochs,
    perplexity: perplexity(checkpoint.loss),
    canResume: checkpoint.resumeData !== undefined,
    prefix: usablePrefix(checkpoint, prefix),
  };
}
