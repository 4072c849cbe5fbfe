import { assertEquals, assertRejects } from "@std/assert";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { generate } from "../../lib/generate.ts";
import { generateTokens } from "../../lib/generation/generate_tokens.ts";
import type { GenerateTokensOptions } from "../../lib/generation/options.ts";
import { withCount } from "../backend/wrap.ts";
import { untrained } from "./model.ts";

const MODEL = untrained("the time traveller");

/** Values of options that are out of their ranges, and how the ranges are said. */
const BAD: [keyof GenerateTokensOptions, string, number[]][] = [
  ["maxNewTokens", "a whole number of at least 0", [-1, 0.5, 2 ** 53]],
  ["temperature", "a number of at least 0", [-0.1]],
  ["topK", "a whole number of at least 0", [-1, 2.5]],
  ["topP", "a number above 0, up to 1", [0, -1, 1.01]],
  ["repetitionPenalty", "a number above 0", [0, -2]],
  ["seed", "a whole number from 0 to 9007199254740991", [-1, 0.1, 2 ** 53]],
  ["count", "a whole number of at least 1", [0, -1, 1.5]],
];

Deno.test("an option out of its range is refused by name, before anything else", async () => {
  const { backend, allocated } = withCount(openReference());
  for (const [name, range, values] of BAD) {
    for (const value of [...values, NaN, Infinity]) {
      const options = { [name]: value };
      const message =
        `Cannot generate with ${name} ${value}: expected ${range}`;
      await assertRejects(
        () => generateTokens(MODEL, "time", backend, options).next(),
        RangeError,
        message,
      );
      if (name === "count") continue; // is none of generate's
      await assertRejects(
        () => generate(MODEL, "time", backend, options).next(),
        RangeError,
        message,
      );
    }
  }
  await assertRejects(
    () => generate(MODEL, "time", backend, { stop: "" }).next(),
    RangeError,
    "empty stop text",
  );
  assertEquals(allocated(), 0);
});
