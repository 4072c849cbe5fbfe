import type { TokenizeOptions } from "../text/corpus.ts";
import type { Checkpoint } from "./checkpoint.ts";

/**
 * Options with which `tokenize` makes the corpus that `resume` needs from the text that
 * a model was trained on: the same tokens, the same number of them, and the same part
 * held out.
 *
 * @example
 * ```ts
 * import { openReference } from "../backend/reference/reference_backend.ts";
 * import { tokenize } from "../tokenize.ts";
 * import { resume, train } from "../train.ts";
 * import { corpusOptions } from "./corpus_options.ts";
 *
 * using backend = openReference();
 * const text = "The Time Traveller came back in time for tea";
 * const corpus = tokenize(text, { normalize: "letters", validation: 0.2 });
 * const options = { hiddenSize: 8, batchSize: 1, numSteps: 6, epochs: 1 };
 * for await (const event of train(corpus, backend, options)) {
 *   if (event.type !== "checkpoint" || event.reason !== "last") continue;
 *   const { checkpoint } = event;
 *   const again = tokenize(text, corpusOptions(checkpoint));
 *   const more = resume(checkpoint, again, backend, { epochs: 2 });
 *   for await (const event of more) {
 *     if (event.type === "epoch") console.assert(event.epoch === 2);
 *   }
 * }
 * ```
 */
export function corpusOptions(
  { tokenizer, vocabulary, corpus }: Pick<
    Checkpoint,
    "tokenizer" | "vocabulary" | "corpus"
  >,
): Required<
  Pick<
    TokenizeOptions,
    "level" | "normalize" | "vocabulary" | "maxTokens" | "validation"
  >
> {
  const all = corpus.tokens + corpus.validationTokens;
  return {
    ...tokenizer,
    vocabulary,
    maxTokens: all,
    validation: corpus.validationTokens / all,
  };
}
