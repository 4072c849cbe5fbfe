import { assert, assertEquals, assertThrows } from "@std/assert";
import { UPDATE_RULES } from "../lib/backend/ops.ts";
import { MODEL_SETTINGS } from "../lib/model/config.ts";
import {
  assertSetting,
  filledIn,
  rangeText,
  type Setting,
} from "../lib/setting.ts";
import { TOKENIZE_SETTINGS } from "../lib/text/corpus.ts";
import { OPTIMIZER_NAMES, OPTIMIZERS } from "../lib/training/optimizer.ts";
import { TRAINING_SETTINGS, withDefaults } from "../lib/training/settings.ts";
import { canRead, needs } from "./access.ts";

const ALL: Readonly<Record<string, Setting>> = {
  ...MODEL_SETTINGS,
  ...TOKENIZE_SETTINGS,
  ...TRAINING_SETTINGS,
};

const ROOT = new URL("../", import.meta.url);

Deno.test("every default is a value that its setting may have", () => {
  const record: Record<string, unknown> = {
    ...filledIn(MODEL_SETTINGS, {}),
    ...filledIn(TOKENIZE_SETTINGS, {}),
    ...withDefaults({}),
  };
  assertEquals(Object.keys(record).sort(), Object.keys(ALL).sort());
  for (const [key, setting] of Object.entries(ALL)) {
    assertSetting(setting, record[key], key);
  }
});

Deno.test("what a setting needs is a choice of another setting", () => {
  for (const [key, { onlyWith }] of Object.entries(ALL)) {
    for (const [other, choices] of Object.entries(onlyWith ?? {})) {
      const setting = ALL[other];
      assert(setting?.kind === "choice", `${key} needs ${other}`);
      assert(choices.length > 0, `nothing gives ${key} an effect`);
      for (const choice of choices) assert(setting.choices.includes(choice));
    }
  }
});

Deno.test("an optimizer names the moments that the op update keeps for it", () => {
  assertEquals([...OPTIMIZER_NAMES].sort(), Object.keys(UPDATE_RULES).sort());
  for (const name of OPTIMIZER_NAMES) {
    const { first, second } = OPTIMIZERS[name];
    assertEquals(
      [
        ...first !== undefined ? ["firstMoment"] : [],
        ...second !== undefined ? ["secondMoment"] : [],
      ],
      [...UPDATE_RULES[name]],
      name,
    );
  }
});

/** The default that the doc comment of a field states, by field. */
function statedDefaults(source: string, name: string): Map<string, string> {
  const start = source.indexOf(`export interface ${name} {`);
  const body = source.slice(start, source.indexOf("\n}", start));
  const fields = body.matchAll(
    /\/\*\*((?:[^*]|\*(?!\/))*)\*\/\s*readonly (\w+)/g,
  );
  return new Map(
    [...fields].flatMap(([, comment, field]) => {
      const text = comment.replace(/\s*\n\s*\*\s*/g, " ").trim();
      const stated = /Default ([^ ].*?)\.(?: |$)/.exec(text)?.[1] ??
        /(\S+), the default/.exec(text)?.[1];
      return stated === undefined ? [] : [[field, stated.replaceAll("`", "")]];
    }),
  );
}

/** What a setting's default is in the words of a doc comment. */
function defaultInWords({ default: value, defaultText, kind }: Setting) {
  return typeof value === "function"
    ? defaultText
    : kind === "choice"
    ? `"${value}"`
    : String(value);
}

Deno.test({
  ...needs("permission to read", canRead(ROOT))(
    "the defaults in doc comments are those of the tables",
  ),
  fn: () => {
    for (
      const [path, name, settings] of [
        ["lib/training/settings.ts", "TrainingRecord", TRAINING_SETTINGS],
        ["lib/model/config.ts", "ModelSettings", MODEL_SETTINGS],
      ] as const
    ) {
      const source = Deno.readTextFileSync(new URL(path, ROOT));
      const words = Object.entries(settings).map(([key, setting]) =>
        [key, defaultInWords(setting)] as const
      );
      assertEquals(
        Object.fromEntries(statedDefaults(source, name)),
        Object.fromEntries(words),
      );
    }
  },
});

Deno.test("a value out of its range is refused in words, one of another kind as such", () => {
  const { dropout, epochs, optimizer, resetState, offset, forgetBias } =
    TRAINING_SETTINGS;
  const cases: [Setting, unknown, typeof Error, string][] = [
    [
      dropout,
      1,
      RangeError,
      "Use 1: expected a number of at least 0 and below 1",
    ],
    [dropout, NaN, RangeError, "Use NaN: expected a number"],
    [dropout, "0.5", TypeError, 'Use "0.5": expected a number'],
    [epochs, 0.5, RangeError, "expected a whole number of at least 1"],
    [epochs, Infinity, RangeError, "of at least 1, up to 1e+30"],
    [epochs, null, TypeError, "Use null"],
    [forgetBias, -1e31, RangeError, "expected a number of at least -1e+30"],
    [
      optimizer,
      "adan",
      RangeError,
      'Unknown optimizer "adan": expected one of',
    ],
    [optimizer, "constructor", RangeError, 'Unknown optimizer "constructor"'],
    [optimizer, 3, TypeError, "Unknown optimizer 3"],
    [resetState, "no", TypeError, 'Use "no": expected true or false'],
    [offset, -1, RangeError, "Use -1"],
  ];
  for (const [setting, value, kind, message] of cases) {
    assertThrows(() => assertSetting(setting, value, "Use"), kind, message);
  }
  assertSetting(offset, null, "Use");
});

Deno.test("a range in words", () => {
  assertEquals(
    rangeText({ kind: "integer", least: 0, most: 9 }),
    "a whole number from 0 to 9",
  );
  assertEquals(
    rangeText({ kind: "number", least: 0, above: true, most: 1 }),
    "a number above 0, up to 1",
  );
  assertEquals(rangeText({ kind: "number", least: -Infinity }), "a number");
});

Deno.test("an unknown name among options is refused before it is looked up", () => {
  const options = { optimizer: "toString" } as unknown as { optimizer: "sgd" };
  assertThrows(() => withDefaults(options), RangeError, "Unknown optimizer");
});
