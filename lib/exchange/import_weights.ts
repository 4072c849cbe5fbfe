/**
 * Models that PyTorch trained.
 *
 * @module
 */

import { InputError } from "../input_error.ts";
import type { Activation } from "../backend/ops.ts";
import type { ModelConfig } from "../model/config.ts";
import { fromStateDict } from "../model/state_dict.ts";
import { decodeSafetensors } from "../safetensors.ts";
import { filledIn } from "../setting.ts";
import { type Tokenizer, TOKENIZER_SETTINGS } from "../text/tokenizer.ts";
import type { ImportedModel } from "../training/checkpoint.ts";
import { TRAIN_PREFIX } from "../training/resume_data.ts";
import { inferConfig } from "./infer_config.ts";
import { type ListedTensor, listSafetensors } from "./listing.ts";
import { unknownFirst } from "./unknown_first.ts";

/** Settings of {@linkcode importWeights}. */
export interface ImportOptions extends Partial<Tokenizer> {
  /**
   * The tokens and their ids: a list of all tokens ordered by id, or an object that
   * maps each token to its id.
   */
  readonly vocabulary: readonly string[] | Readonly<Record<string, number>>;
  /** Nonlinearity of `nn.RNN`, which its weights do not show. Default `"tanh"`. */
  readonly activation?: Activation;
  /** A description of where the model comes from. Default `"imported"`. */
  readonly provenance?: string;
}

/**
 * Makes a model from the bytes of a safetensors file that holds the `state_dict` of
 * PyTorch modules called `rnn` (`nn.RNN`, `nn.GRU` or `nn.LSTM`), `linear`
 * (`nn.Linear`) and optionally `embedding` (`nn.Embedding`), in float32 or float64.
 * Their names and shapes show which modules they are.
 *
 * Tensors of whole numbers, which are not weights, are left out:
 * {@linkcode tensorsLeftOut}.
 *
 * `<unk>` gets the id 0, wherever it was. If the vocabulary does not have it, it is
 * added with weights of zero and a bias that is 50 below the smallest of the others, so
 * that their probabilities in float32 do not change.
 *
 * @throws {SyntaxError} If the bytes are not a safetensors file.
 * @throws {RangeError} If there are missing, surplus or invalid tensors or tokens; the
 * message lists what is wrong.
 *
 * @example
 * ```ts
 * import { encodeSafetensors } from "../safetensors.ts";
 * import { importWeights } from "./import_weights.ts";
 *
 * const zeros = (...shape: number[]) => ({
 *   shape,
 *   data: new Float32Array(shape.reduce((a, b) => a * b)),
 * });
 * const tensors = new Map([
 *   ["rnn.weight_ih_l0", zeros(12, 2)],
 *   ["rnn.weight_hh_l0", zeros(12, 4)],
 *   ["rnn.bias_ih_l0", zeros(12)],
 *   ["rnn.bias_hh_l0", zeros(12)],
 *   ["linear.weight", zeros(2, 4)],
 *   ["linear.bias", zeros(2)],
 * ]);
 * const bytes = encodeSafetensors({ tensors, metadata: new Map() });
 * const { config, vocabulary } = importWeights(bytes, { vocabulary: ["a", "b"] });
 * console.assert(config.cell === "gru" && config.hiddenSize === 4);
 * console.assert(vocabulary.tokens.join() === "<unk>,a,b");
 * ```
 */
export function importWeights(
  bytes: Uint8Array,
  options: ImportOptions,
): ImportedModel {
  const { vocabulary, activation, provenance = "imported" } = options;
  const listed = listSafetensors(bytes).tensors.filter(isPart);
  const problems = typeProblems(listed);
  const shapes = new Map(listed.map(({ name, shape }) => [name, shape]));
  const inferred = inferConfig(shapes, activation);
  const size = inferred.config?.vocabularySize;
  const named = tokensById(vocabulary, size);
  const parameters = problems.length === 0 && inferred.config
    ? readParameters(bytes, listed, inferred.config, inferred.problems)
    : undefined;
  problems.push(...inferred.problems, ...named.problems);
  if (problems.length > 0 || !inferred.config || !parameters) {
    throw new InputError(`Cannot import the model: ${problems.join("; ")}`);
  }
  return {
    ...unknownFirst(inferred.config, parameters, named.tokens),
    tokenizer: filledIn(TOKENIZER_SETTINGS, options),
    provenance,
  };
}

/**
 * The tensors of a file that {@linkcode importWeights} leaves out, by name: whole
 * numbers and flags that are not weights, such as a counter.
 *
 * @throws {SyntaxError} If the bytes are not a safetensors file.
 *
 * @example
 * ```ts
 * import { encodeSafetensors } from "../safetensors.ts";
 * import { tensorsLeftOut } from "./import_weights.ts";
 *
 * const tensors = new Map([["steps", { shape: [], data: Uint32Array.of(7) }]]);
 * const bytes = encodeSafetensors({ tensors, metadata: new Map() });
 * console.assert(tensorsLeftOut(bytes).join() === "steps");
 * ```
 */
export function tensorsLeftOut(bytes: Uint8Array): string[] {
  return listSafetensors(bytes).tensors.filter(isCounter)
    .map(({ name }) => name);
}

/** Whether a tensor may be one of the model's, rightly or not. */
function isPart(tensor: ListedTensor): boolean {
  return !tensor.name.startsWith(TRAIN_PREFIX) && !isCounter(tensor);
}

/** Whether a tensor holds whole numbers under a name that no weights have. */
function isCounter({ name, dtype }: ListedTensor): boolean {
  return /^([IU]\d+|BOOL)$/.test(dtype) && !name.startsWith(TRAIN_PREFIX) &&
    !/^(rnn|linear|embedding)\.(weight|bias)/.test(name);
}

/** How many tensors of a wrong type are named. */
const MOST_NAMED = 6;

/** What is wrong with the types of tensors, in one sentence, or nothing. */
function typeProblems(tensors: readonly ListedTensor[]): string[] {
  const wrong = tensors.filter(({ dtype }) =>
    dtype !== "F32" && dtype !== "F64"
  );
  if (wrong.length === 0) return [];
  const named = wrong.slice(0, MOST_NAMED)
    .map(({ name, dtype }) => `${name} is ${dtype}`);
  const more = wrong.length - named.length;
  if (more > 0) named.push(`${more} more have the wrong type`);
  // Of whole numbers PyTorch's float() makes nothing else.
  const isFloat = wrong.every(({ dtype }) => /^(F|BF)/.test(dtype));
  return [
    `${named.join(", ")}, expected F32 or F64` +
    (isFloat ? " (in Python: module.float())" : ""),
  ];
}

/** The parameters in float32; what is wrong with them is added to `problems`. */
function readParameters(
  bytes: Uint8Array,
  listed: readonly ListedTensor[],
  config: ModelConfig,
  problems: string[],
): Map<string, Float32Array> | undefined {
  const names = new Set(listed.map(({ name }) => name));
  const dict = decodeSafetensors(bytes, (name) => names.has(name)).tensors;
  try {
    const parameters = [...fromStateDict(config, dict)].map(
      ([name, values]) => {
        const floats = Float32Array.from(values);
        const bad = floats.findIndex((value) => !Number.isFinite(value));
        if (bad >= 0) problems.push(`${name} holds ${values[bad]}`);
        return [name, floats] as const;
      },
    );
    return new Map(parameters);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    problems.push(error.message);
  }
}

/** The tokens in the order of their ids, and what is wrong with them. */
function tokensById(
  vocabulary: ImportOptions["vocabulary"],
  size: number | undefined,
): { tokens: string[]; problems: string[] } {
  const pairs: [token: unknown, id: unknown][] = Array.isArray(vocabulary)
    ? vocabulary.map((token, id) => [token, id])
    : Object.entries(vocabulary);
  const problems: string[] = [];
  const tokens = new Map<number, string>();
  const known = new Set<string>();
  for (const [token, id] of pairs) {
    const shown = JSON.stringify(token);
    if (typeof token !== "string") {
      problems.push(`the vocabulary holds ${shown}, which is not a text`);
    } else if (known.has(token)) {
      problems.push(`the vocabulary holds ${shown} twice`);
    } else if (!Number.isSafeInteger(id) || Number(id) < 0) {
      problems.push(
        `the vocabulary gives ${shown} the id ${JSON.stringify(id)}`,
      );
    } else if (tokens.has(Number(id))) {
      problems.push(`the vocabulary gives the id ${id} to ${shown} as well`);
    } else {
      known.add(token);
      tokens.set(Number(id), token);
    }
  }
  if (size !== undefined && pairs.length !== size) {
    problems.push(
      `the vocabulary has ${pairs.length} tokens, linear.weight has rows for ${size}`,
    );
  } else if (problems.length === 0) {
    const missing = pairs.findIndex((_, id) => !tokens.has(id));
    if (missing >= 0) problems.push(`the vocabulary has no id ${missing}`);
  }
  return {
    tokens: pairs.map((_, id) => tokens.get(id) ?? ""),
    problems: problems.length > 6
      ? [
        ...problems.slice(0, 6),
        `and ${problems.length - 6} more of this kind`,
      ]
      : problems,
  };
}
