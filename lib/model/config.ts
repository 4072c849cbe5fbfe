/**
 * What a model is, apart from its numbers.
 *
 * @module
 */

import type { Activation } from "../backend/backend.ts";

/** Architecture of a recurrent language model. All sizes are whole numbers above zero. */
export interface ModelConfig {
  /** The recurrent cell: `rnn` is the vanilla one of d2l 8.4. */
  readonly cell: "rnn";
  /** The nonlinearity of the cell. */
  readonly activation: Activation;
  /** V. */
  readonly vocabularySize: number;
  /** H. */
  readonly hiddenSize: number;
  /** L. */
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
 *   cell: "rnn",
 *   activation: "tanh",
 *   vocabularySize: 28,
 *   hiddenSize: 512,
 *   numLayers: 1,
 * });
 * ```
 */
export function assertConfig(config: ModelConfig): void {
  if (config.cell !== "rnn") {
    throw new RangeError(`Unknown cell "${config.cell}": expected "rnn"`);
  }
  if (config.activation !== "tanh" && config.activation !== "relu") {
    throw new RangeError(
      `Unknown activation "${config.activation}": expected "tanh" or "relu"`,
    );
  }
  const sizes = {
    "vocabulary size": config.vocabularySize,
    "hidden size": config.hiddenSize,
    "number of layers": config.numLayers,
  };
  for (const [name, size] of Object.entries(sizes)) {
    if (Number.isSafeInteger(size) && size > 0) continue;
    throw new RangeError(
      `Cannot build a model with ${name} ${size}: ` +
        `expected a whole number above zero`,
    );
  }
}
