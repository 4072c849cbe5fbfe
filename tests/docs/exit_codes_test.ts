import { assertEquals } from "@std/assert";
import english from "../../README.md" with { type: "text" };
import chinese from "../../README.zh-CN.md" with { type: "text" };
import { EXIT } from "../../tasks/cli/exit.ts";

/** The codes in the first column of the table of them. */
function listed(page: string): number[] {
  return [...page.matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => Number(code));
}

Deno.test("the READMEs list every exit code, and no other", () => {
  const codes = [0, ...Object.values(EXIT)];
  for (const page of [english, chinese]) assertEquals(listed(page), codes);
});
