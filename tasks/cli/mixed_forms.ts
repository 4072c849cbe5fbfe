import type { Corpus } from "../../lib/text/corpus.ts";

/**
 * A token that a text has in two forms which look the same: composed, as é, and
 * decomposed, as e with U+0301 behind it. Undefined where there is none, and at the
 * level of bytes.
 *
 * Source: Unicode Standard Annex #15, Normalization Forms.
 *
 * @example
 * ```ts
 * import { tokenize } from "../../lib/tokenize.ts";
 * import { mixedForms } from "./mixed_forms.ts";
 *
 * console.assert(mixedForms(tokenize("é, e\u0301")) === "é");
 * console.assert(mixedForms(tokenize("e\u0301")) === undefined);
 * ```
 */
export function mixedForms(corpus: Corpus): string | undefined {
  const { tokens } = corpus.vocabulary;
  switch (corpus.tokenizer.level) {
    case "byte":
      return undefined;
    case "word":
      return firstTwice(tokens.map((token) => token.normalize("NFC")));
    case "char":
      return composedTwice(corpus);
  }
}

function firstTwice(tokens: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (const token of tokens) {
    if (seen.has(token)) return token;
    seen.add(token);
  }
}

/** The first character with a mark behind it that is a token in one, too. */
function composedTwice({ ids, vocabulary }: Corpus): string | undefined {
  const { tokens } = vocabulary;
  const known = new Set(tokens);
  const isMark = Uint8Array.from(
    tokens,
    (token) => Number(/^\p{M}$/u.test(token)),
  );
  if (!isMark.includes(1)) return undefined;
  const looked = new Set<string>();
  for (let i = 1; i < ids.length; i++) {
    if (!isMark[ids[i]]) continue;
    const pair = tokens[ids[i - 1]] + tokens[ids[i]];
    if (looked.has(pair)) continue;
    looked.add(pair);
    const composed = pair.normalize("NFC");
    if (composed !== pair && known.has(composed)) return composed;
  }
}
