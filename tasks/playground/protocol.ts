/**
 * What the page and its worker say to each other.
 *
 * @module
 */

import type {
  CellName,
  DeviceName,
  Level,
  ModelConfig,
  Normalization,
  UpdateRule,
} from "../../mod.ts";

/** How a model is made and trained, as the page's form has it. */
export interface Settings {
  readonly cell: CellName;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly optimizer: UpdateRule;
  readonly learningRate: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly numSteps: number;
  readonly normalize: Normalization;
  /** Whether a tenth of the text is held out to measure on. */
  readonly holdOut: boolean;
}

/** A text and what it is called. */
export interface NamedText {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What samples begin with, where the model knows its characters. */
  readonly prefix?: string;
}

/** What the page knows about the model that the worker holds. */
export interface ModelSummary {
  readonly corpus: string;
  readonly config: ModelConfig;
  readonly parameters: number;
  readonly level: Level;
  readonly normalize: Normalization;
  /** Epochs done, and planned. */
  readonly epoch: number;
  readonly epochs: number;
  /** Of the last whole epoch; NaN before there is one. */
  readonly perplexity: number;
  /** Whether its training can be resumed. */
  readonly canResume: boolean;
  /** Something that it can begin with. */
  readonly prefix: string;
}

/** What to write, and how. */
export interface WriteRequest {
  readonly prefix: string;
  readonly length: number;
  /** 0: always the likeliest. */
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number;
  /** Of the hidden states in the reading, from 0 on. */
  readonly layer: number;
}

/** A token of a text, and how likely the model found it. */
export interface ReadToken {
  readonly text: string;
  /** Undefined for the first, which nothing comes before. */
  readonly probability?: number;
  /** The likeliest tokens at its place, the likeliest first. */
  readonly likeliest: readonly {
    readonly text: string;
    readonly probability: number;
  }[];
}

/** A text as the model reads it. */
export interface Reading {
  readonly tokens: readonly ReadToken[];
  /** `(T, H)`: of one layer, after each token. */
  readonly states: Float32Array;
  readonly hiddenSize: number;
}

/** How a training ended. */
export type Ending = "last" | "stopped";

/** Everything that the page may ask, and the answers. */
export interface Calls {
  open: {
    ask: { readonly device: DeviceName };
    answer: { readonly description: string; readonly reason: string };
  };
  train: {
    ask: { readonly text: NamedText; readonly settings: Settings };
    answer: Ending;
  };
  /** Goes on with the model that is there; the text is for one from a file. */
  resume: { ask: { readonly text: NamedText }; answer: Ending };
  stop: { ask: Record<never, never>; answer: void };
  /** Undefined: another such call has come since. */
  write: { ask: WriteRequest; answer: Reading | undefined };
  save: {
    ask: Record<never, never>;
    answer: { readonly name: string; readonly bytes: Uint8Array };
  };
  load: {
    ask: { readonly name: string; readonly bytes: Uint8Array };
    answer: ModelSummary;
  };
}

export type CallName = keyof Calls;

/** A training has begun, or is resumed. */
export interface Started {
  readonly kind: "started";
  /** Whether it is a new model, not one that is resumed. */
  readonly isNew: boolean;
  readonly level: Level;
  readonly tokens: number;
  readonly vocabularySize: number;
  readonly parameters: number;
  /** Epochs done, and planned. */
  readonly epoch: number;
  readonly epochs: number;
}

/** What a model in training wrote. */
export interface SampleNotice {
  readonly kind: "sample";
  /** Epochs done. */
  readonly epoch: number;
  /** Of the last whole epoch; in the first epoch, of the part that is done, or NaN. */
  readonly perplexity: number;
  readonly prefix: string;
  readonly text: string;
}

/** What the worker tells unasked. */
export type Notice =
  | Started
  | {
    readonly kind: "epoch";
    readonly epoch: number;
    readonly perplexity: number;
    readonly validation?: number;
    readonly tokensPerSecond: number;
  }
  | {
    /** How far training is within an epoch. */
    readonly kind: "progress";
    /** Epochs done. */
    readonly epoch: number;
    /** Part of the next epoch that is done. */
    readonly part: number;
    /** Of that part. */
    readonly perplexity: number;
  }
  | SampleNotice
  | { readonly kind: "model"; readonly model: ModelSummary }
  | { readonly kind: "piece"; readonly text: string; readonly first: boolean };

/** A message to the worker. */
export type Question = {
  [Name in CallName]: {
    readonly id: number;
    readonly name: Name;
    readonly ask: Calls[Name]["ask"];
  };
}[CallName];

/** A message from the worker. */
export type Message =
  | { readonly notice: Notice }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string };
