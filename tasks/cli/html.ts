/**
 * HTML in which every text is shown and none is run.
 *
 * @module
 */

/** Text that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
}

/** What a template takes; whatever is no {@linkcode Html} is text, and is escaped. */
export type Value = Html | string | number | readonly Value[];

/**
 * HTML of a template. The one place where texts become HTML.
 *
 * @example
 * ```ts
 * import { markup } from "./html.ts";
 *
 * const name = "<b>";
 * console.assert(markup`<p title="${name}">`.text === '<p title="&lt;b&gt;">');
 * ```
 */
export function markup(
  strings: TemplateStringsArray,
  ...values: readonly Value[]
): Html {
  const parts = values.map((value, i) => htmlOf(value) + strings[i + 1]);
  return new Html(strings[0] + parts.join(""));
}

function htmlOf(value: Value): string {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(htmlOf).join("");
  return escaped(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * A text as content or as the value of a quoted attribute. Characters that would
 * not show, or change how their neighbours do (controls, directions of writing,
 * line separators), are given by name: `[U+202E]`. Joiners stay: some scripts and
 * emoji are made with them.
 */
function escaped(text: string): string {
  return text.toWellFormed()
    .replace(/[&<>"']/g, (character) => ENTITIES[character])
    .replace(
      /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/gu,
      (character) => {
        const code = character.codePointAt(0)!.toString(16).toUpperCase();
        return `[U+${code.padStart(4, "0")}]`;
      },
    );
}
