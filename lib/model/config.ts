/**
 * What a model is, apart from its numbers.
 *
 * @module
 */

import type { Activation } from "../backend/backend.ts";
import { type CellName, CELLS } from "./cells.ts";

/** Architecture of a recurrent language model. All sizes are whole numbers above zero. */
export interface ModelConfig {
  /** The recurrent cell: vanilla (d2l 8.4), GRU (9.1) or LSTM (9.2). */
  readonly cell: CellName;
  /** The nonlinearity of the vanilla cell. Default `"tanh"`, which the others have. */
  readonly activation?: Activation;
  /** Tokens of the vocabulary, V. */
  readonly vocabularySize: number;
  /** Size of a learned embedding, E; 0, the default: tokens go in one-hot. */
  readonly embeddingSize?: number;
  /** Hidden units of a layer, H. */
  readonly hiddenSize: number;
  /** Recurrent layers, L. */
  readonly numLayers: number;
}

/**
 * Throws a RangeError, naming the setting, unless the config can be built.
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
  const { cell, activation = "tanh", embeddingSize = 0 } = config;
  if (!Object.hasOwn(CELLS, cell)) {
    const known = Object.keys(CELLS).map((name) => `"${name}"`).join(", ");
    throw new RangeError(`Unknown cell "${cell}": expected one of ${known}`);
  }
  if (activation !== "tanh" && activation !== "relu") {
    throw new RangeError(
      `Unknown activation "${activation}": expected "tanh" or "relu"`,
    );
  }
  if (activation === "relu" && cell !== "rnn") {
    throw new RangeError(
      `The activation of the cell "${cell}" is tanh; "relu" is for "rnn"`,
    );
  }
  const sizes = {
    "vocabulary size": config.vocabularySize,
    "hidden size": config.hiddenSize,
    "number of layers": config.numLayers,
    ...(embeddingSize !== 0 && { "embedding size": embeddingSize }),
  };
  for (const [name, size] of Object.entries(sizes)) {
    if (Number.isSafeInteger(size) && size > 0) continue;
    throw new RangeError(
      `Cannot build a model with ${name} ${size}: ` +
        `expected a whole number above zero`,
    );
  }
}
