/**
 * The architecture of a model.
 *
 * @module
 */

import { FormatError, InputError } from "../input_error.ts";
import { type Activation, ACTIVATIONS } from "../backend/ops.ts";
import { countOf, type JsonObject } from "../json_value.ts";
import {
  assertRecord,
  assertSetting,
  filledIn,
  readRecord,
  type Setting,
  type SettingsOf,
} from "../setting.ts";
import { CELL_NAMES, type CellName, CELLS } from "./cells.ts";

/** Architecture of a recurrent language model. All sizes are whole numbers above zero. */
export interface ModelConfig {
  /** The recurrent cell: vanilla (d2l 8.4), GRU (9.1) or LSTM (9.2). */
  readonly cell: CellName;
  /**
   * The nonlinearity of the vanilla cell. Default `"tanh"`, which the other cells
   * always use.
   */
  readonly activation?: Activation;
  /** Number of tokens in the vocabulary, V. */
  readonly vocabularySize: number;
  /** Size of a learned embedding, E; 0, the default: one-hot vectors. */
  readonly embeddingSize?: number;
  /** Number of hidden units in each layer, H. */
  readonly hiddenSize: number;
  /** Number of recurrent layers, L. */
  readonly numLayers: number;
}

/** The settings of a model that do not depend on its vocabulary. */
export interface ModelSettings {
  /** The recurrent cell. Default `"rnn"`. */
  readonly cell: CellName;
  /** Number of hidden units in each layer. Default 512. */
  readonly hiddenSize: number;
  /** Number of recurrent layers, stacked. Default 1. */
  readonly numLayers: number;
  /** Size of a learned embedding; 0, the default: one-hot vectors. */
  readonly embeddingSize: number;
  /** The nonlinearity of the vanilla cell. Default `"tanh"`. */
  readonly activation: Activation;
}

/** Weights from 65,536 units to as many are 17 GB: more than a tensor can have. */
const size = { kind: "integer", most: 65_536 } as const;

/** The settings of a model, with the chapter's defaults. */
export const MODEL_SETTINGS: SettingsOf<ModelSettings> = {
  cell: {
    kind: "choice",
    choices: CELL_NAMES,
    name: "cell",
    help: "the recurrent cell",
    default: "rnn",
  },
  hiddenSize: {
    ...size,
    least: 1,
    name: "hidden size",
    help: "size of the hidden state",
    default: 512,
  },
  numLayers: {
    kind: "integer",
    least: 1,
    most: 1000,
    name: "number of layers",
    help: "number of layers, stacked on top of each other",
    default: 1,
  },
  embeddingSize: {
    ...size,
    least: 0,
    name: "embedding size",
    help: "size of a learned embedding; 0: one-hot",
    default: 0,
  },
  activation: {
    kind: "choice",
    choices: ACTIVATIONS,
    name: "activation",
    help: "nonlinearity of the rnn cell",
    default: "tanh",
    onlyWith: {
      cell: CELL_NAMES.filter((name) => CELLS[name].activations.length > 1),
    },
  },
};

const VOCABULARY_SIZE: Setting = {
  kind: "integer",
  least: 1,
  name: "vocabulary size",
  help: "number of tokens in the vocabulary",
  default: undefined,
};

/**
 * The config of a model for a vocabulary: the given settings, and defaults for the
 * rest.
 *
 * @example
 * ```ts
 * import { modelConfig } from "./config.ts";
 *
 * console.assert(modelConfig({ cell: "gru" }, 28).hiddenSize === 512);
 * ```
 */
export function modelConfig(
  given: Partial<ModelSettings>,
  vocabularySize: number,
): Required<ModelConfig> {
  const { cell, activation, embeddingSize, ...sizes } = filledIn(
    MODEL_SETTINGS,
    given,
  );
  return { cell, activation, vocabularySize, embeddingSize, ...sizes };
}

/**
 * Throws a RangeError that names the setting if no model can be built from the config.
 *
 * @example
 * ```ts
 * import { assertConfig } from "./config.ts";
 *
 * assertConfig({
 *   cell: "lstm",
 *   vocabularySize: 28,
 *   hiddenSize: 256,
 *   numLayers: 2,
 * });
 * ```
 */
export function assertConfig(config: ModelConfig): void {
  const { vocabularySize, cell, hiddenSize, numLayers } = config;
  const { activation, embeddingSize } = filledIn(MODEL_SETTINGS, config);
  assertRecord(
    MODEL_SETTINGS,
    { cell, hiddenSize, numLayers, activation, embeddingSize },
    attemptWith,
  );
  const { activations } = CELLS[cell];
  if (!activations.includes(activation)) {
    throw new InputError(
      `The activation of the cell "${cell}" is ${activations.join(" or ")}; ` +
        `"${activation}" is for ${listed(cellsWith(activation))}`,
    );
  }
  const { name } = VOCABULARY_SIZE;
  assertSetting(VOCABULARY_SIZE, vocabularySize, attemptWith(name));
}

/**
 * A config that was read from a file.
 *
 * @throws {FormatError} If a setting is missing, unknown, or out of its range.
 * @throws {InputError} If the settings do not fit each other.
 */
export function readConfig(read: JsonObject): ModelConfig {
  const settings = new Map(read);
  settings.delete("vocabularySize");
  countOf(read.get("vocabularySize"), "its config's vocabulary size is");
  for (const key of ["cell", "hiddenSize", "numLayers"]) {
    if (!read.has(key)) throw new FormatError(`its config has no ${key}`);
  }
  readRecord(MODEL_SETTINGS, settings, "config");
  const config = Object.fromEntries(read) as unknown as ModelConfig;
  assertConfig(config);
  return config;
}

/** What an error says before a size that no model can have. */
function attemptWith(name: string): string {
  return `Cannot build a model with ${name}`;
}

function cellsWith(activation: Activation): CellName[] {
  return CELL_NAMES.filter((name) =>
    CELLS[name].activations.includes(activation)
  );
}

function listed(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
