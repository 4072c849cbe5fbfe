import { InputError } from "../input_error.ts";
import type { Vocabulary } from "../text/vocabulary.ts";
import type { TrainedModel } from "../training/checkpoint.ts";
import {
  type InitializationOptions,
  initializeParameters,
  parameterSpecs,
} from "./parameters.ts";

/**
 * A model of a larger vocabulary: what it knew of the old tokens stays, their rows of
 * the embedding and the output layer, or their columns of the first layer's weight;
 * those of the new ones are drawn.
 *
 * @param vocabulary Begins with the model's own tokens, in their order.
 * @throws {RangeError} If it does not.
 *
 * @example
 * ```ts
 * import { extendVocabulary } from "./extend.ts";
 * import { initializeParameters } from "./parameters.ts";
 *
 * const config = { cell: "gru", vocabularySize: 2, hiddenSize: 4, numLayers: 1 } as const;
 * const model = extendVocabulary({
 *   config,
 *   parameters: initializeParameters(config, { seed: 0 }),
 *   tokenizer: { level: "char", normalize: "none" },
 *   vocabulary: { tokens: ["<unk>", "a"], counts: [0, 1] },
 * }, { tokens: ["<unk>", "a", "é"], counts: [0, 3, 1] }, { seed: 1 });
 * console.assert(model.parameters.get("linear.bias")!.length === 3);
 * ```
 */
export function extendVocabulary(
  { config, parameters, tokenizer, vocabulary: known }: TrainedModel,
  vocabulary: Vocabulary,
  options: InitializationOptions,
): TrainedModel {
  const old = config.vocabularySize, V = vocabulary.tokens.length;
  if (known.tokens.some((token, id) => vocabulary.tokens[id] !== token)) {
    throw new InputError(
      `Cannot extend a vocabulary of ${old} tokens to one that does ` +
        "not begin with the same tokens",
    );
  }
  const extended = { ...config, vocabularySize: V };
  const drawn = initializeParameters(extended, options);
  const specs = new Map(
    parameterSpecs(config).map((spec) => [spec.name, spec]),
  );
  const merged = parameterSpecs(extended).map(({ name, shape }) => {
    const values = drawn.get(name)!.slice(), kept = parameters.get(name)!;
    const before = specs.get(name)!.shape;
    const [rows, columns = 1] = before, [, wide = 1] = shape;
    for (let row = 0; row < rows; row++) {
      const from = kept.subarray(row * columns, (row + 1) * columns);
      values.set(from, row * wide);
    }
    return [name, values] as const;
  });
  return {
    config: extended,
    parameters: new Map(merged),
    tokenizer,
    vocabulary,
  };
}
