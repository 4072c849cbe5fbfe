import { assertEquals, assertThrows } from "@std/assert";
import type { TokenizeOptions } from "../../lib/text/corpus.ts";
import { tokenize } from "../../lib/tokenize.ts";
import { assertPrefix, assertStop } from "../../tasks/cli/prompts.ts";
import { EXIT, TaskError } from "../../tasks/cli/exit.ts";

/** What is said of a prefix or a stop text, for a model of a text; "" where it will do. */
function said(
  assertText: typeof assertPrefix,
  text: string,
  typed: string,
  options: TokenizeOptions = {},
): string {
  const model = tokenize(text, options);
  try {
    assertText(model, typed);
    return "";
  } catch (error) {
    const { exitCode, message } = error as TaskError;
    assertEquals([error instanceof TaskError, exitCode], [true, EXIT.input]);
    return message;
  }
}

const PLAY =
  "ROMEO:\nIs the day so young?\n\nBENVOLIO:\nBut new struck nine.\n";

Deno.test("a line end that was typed as backslash and n: how it is typed", () => {
  for (const level of ["char", "byte"] as const) {
    assertEquals(
      said(assertPrefix, PLAY, "ROMEO:\\n", { level }),
      'Cannot continue the prefix: the model\'s vocabulary has no "\\\\" ' +
        "at 7. This model never writes a backslash; in bash or zsh, a " +
        "newline or a tab is typed as in --prefix $'ROMEO:\\n'",
    );
    assertEquals(
      said(assertStop, PLAY, "\\n\\n", { level }),
      "--stop '\\n\\n' can never occur: the model's vocabulary has no " +
        '"\\\\" at 1, "\\\\" at 3. This model never writes a backslash; in ' +
        "bash or zsh, a newline or a tab is typed as in --stop $'\\n\\n'",
    );
  }
  // A model that writes backslashes, and one that knows no line ends.
  assertEquals(said(assertPrefix, 'print("a\\n")', "a\\n"), "");
  assertEquals(said(assertStop, 'print("a\\n")', "\\n"), "");
  assertEquals(
    said(assertPrefix, PLAY, "day\\n", { normalize: "letters" }),
    'Cannot continue the prefix: the model\'s vocabulary has no "\\\\" at 4. It ' +
      "was trained on lower-case letters a to z and spaces",
  );
});

Deno.test("a quote and a tab are typed so, too", () => {
  const text = said(assertPrefix, "it's\there\n", "it's\\there");
  assertEquals(
    text.slice(text.indexOf("--prefix")),
    "--prefix $'it\\'s\\there'",
  );
});

Deno.test("line ends of Windows are line ends", () => {
  assertEquals(said(assertPrefix, PLAY, "ROMEO:\r\n"), "");
  assertEquals(said(assertPrefix, PLAY, "ROMEO:\r"), "");
  assertEquals(said(assertStop, PLAY, "\r\n\r\n"), "");
});

Deno.test("accents apart or in one character: how they are typed", () => {
  const composed = "caf\u00e9", apart = "cafe\u0301";
  for (const level of ["char", "word", "byte"] as const) {
    const toApart = said(assertPrefix, `du ${apart}`, composed, { level });
    const typed = (text: string) => text.slice(text.indexOf("In bash or zsh"));
    assertEquals(
      typed(toApart),
      "In bash or zsh, the form that the model knows is typed as in --prefix $'cafe\\u0301'",
    );
    const toOne = said(assertStop, `du ${composed}`, apart, { level });
    assertEquals(
      typed(toOne),
      "In bash or zsh, the form that the model knows is typed as in --stop $'caf\\u00e9'",
    );
  }
});

Deno.test("a stop text that a model of words can never write is refused", () => {
  const text = "so it goes, and so it went on";
  const words = { level: "word" } as const;
  for (
    const stop of [
      ...["so it", " so ", "o it w", "oes, a", " ", ",", "o", "nd s"],
      ...["goes, and so", "went "],
    ]
  ) {
    assertEquals(said(assertStop, text, stop, words), "", stop);
  }
  for (const stop of ["\n", "so\nit", "so  it", "x", "so wen on", "oes and"]) {
    assertEquals(
      said(assertStop, text, stop, words).includes(
        "can never occur: the model writes the words of its vocabulary " +
          "with single spaces between them",
      ),
      true,
      stop,
    );
  }
  // <unk> is never written.
  assertThrows(
    () => assertStop(tokenize(text, words), "<unk>"),
    TaskError,
    "can never occur",
  );
});

Deno.test("a stop text of letters that the model lacks is refused", () => {
  assertEquals(
    said(assertStop, "one two", "Two!"),
    "--stop 'Two!' can never occur: the model's vocabulary has no " +
      '"T" at 1, "!" at 4',
  );
});
