/**
 * Checks of HTML and SVG that a program wrote.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";

/** Texts that would do something if they were not escaped. */
export const PAYLOADS: readonly string[] = [
  "<script>alert(1)</script>",
  "</style><script>alert(1)</script>",
  "</title></code></pre></bdi><b>",
  "<!--",
  "-->",
  "]]>",
  `"><img src=x onerror=alert(1)>`,
  `' onmouseover='alert(1)`,
  "&lt;b&gt;",
  "javascript:alert(1)",
  "a\u2028b",
  "\u202etxt.exe",
  "a\0b",
  "${alert(1)}",
];

/** Throws unless all elements are closed in order and all else is escaped. */
export function assertWellFormed(markup: string): void {
  const open: string[] = [];
  let at = 0;
  const tag = /<(\/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g;
  const text = (part: string) => {
    assert(!part.includes("<"), `a stray "<" in ${part.slice(0, 80)}`);
    const rest = part.replace(/&(?:amp|lt|gt|quot|#39|#\d+|#x[\da-f]+);/gi, "");
    assert(!rest.includes("&"), `a stray "&" in ${part.slice(0, 80)}`);
  };
  for (const match of markup.matchAll(tag)) {
    const [whole, end, name, attributes, alone] = match;
    text(markup.slice(at, match.index));
    text(attributes.replace(/[="]/g, " "));
    at = match.index + whole.length;
    if (end) assertEquals(open.pop(), name);
    else if (!alone) open.push(name);
  }
  text(markup.slice(at));
  assertEquals(open, []);
}

/** What in a page or picture would be fetched or run; a namespace's name is not. */
export function reachesOut(markup: string): string[] {
  const tags = markup.match(/<[a-z][^>]*>/gi) ?? [];
  const styles = markup.match(/<style[^>]*>[^<]*/gi) ?? [];
  return [
    ...tags.filter((tag) =>
      /\s(?:src|href|xlink:href|srcset|action|poster|data|on\w+)\s*=|url\(/i
        .test(tag) ||
      /^<(?:link|iframe|object|embed|base|form|script|image)\b/i.test(tag)
    ),
    ...styles.filter((style) => /url\(|@import/i.test(style)),
  ];
}
