import { assertEquals } from "@std/assert";
import { speedText } from "../../tasks/cli/describe.ts";
import { perplexityText } from "../../tasks/shared/perplexity_text.ts";

Deno.test("a perplexity is written in one way, whatever its size", () => {
  const texts: [perplexity: number, text: string][] = [
    [1, "1.00"],
    [1.0401, "1.04"],
    [27.9999, "28.00"],
    [999.99, "999.99"],
    [999.996, "1,000"],
    [20991.9, "20,992"],
    [999_999.4, "999,999"],
    [999_999.9, "1.00e+6"],
    [3.7245e91, "3.72e+91"],
    [Infinity, "not finite"],
    [NaN, "not finite"],
  ];
  for (const [value, text] of texts) assertEquals(perplexityText(value), text);
});

Deno.test("a speed that was not measured is not written", () => {
  assertEquals(speedText(40_711.4), "40,711 tokens/s");
  for (const none of [0, NaN, Infinity]) assertEquals(speedText(none), "");
});
