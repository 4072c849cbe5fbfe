/**
 * `deno task torture`: the long tests of what has to survive.
 *
 * @module
 */

import type { Command, Flags, TextFlag } from "../../tasks/cli/command.ts";
import { parseCommandLine, UsageError } from "../../tasks/cli/flags.ts";
import { helpText } from "../../tasks/cli/help_text.ts";
import type { Torture } from "./tools/torture.ts";

const cases = await allCases();

const command = {
  name: "torture",
  details:
    "Each case has trials, numbered by their seeds: a trial that failed is " +
    "repeated by its case's name, its seed and --count 1.",
  flags: {
    only: {
      kind: "text",
      value: "NAME",
      help: `one case: ${cases.map(({ name }) => name).join(", ")}`,
    } as TextFlag,
    seed: {
      kind: "integer",
      least: 1,
      most: 2 ** 32,
      default: 1,
      help: "of the first trial; each further one has the next number",
    },
    count: {
      kind: "integer",
      least: 1,
      help: "trials of a case",
      standard: "the case's own number",
    },
  },
  examples: [
    "deno task torture",
    "deno task torture --only kill",
    "deno task torture --only kill --seed 7 --count 20",
  ],
} as const satisfies Command<Flags>;

/** Every module beside this one that has a case. */
async function allCases(): Promise<Torture[]> {
  const found: Torture[] = [];
  const folder = new URL("./", import.meta.url);
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  for (const name of names) {
    if (!name.endsWith(".ts") || name === "main.ts") continue;
    const { torture } = await import(new URL(name, folder).href);
    if (torture) found.push(torture);
  }
  return found;
}

/** Runs one case; whether it passed. */
async function passes(
  { name, summary, count: standard, run }: Torture,
  seed: number,
  count = standard,
): Promise<boolean> {
  console.log(`${name} (seed ${seed}, ${count} trials): ${summary}`);
  const begun = performance.now();
  const took = () => `${((performance.now() - begun) / 1000).toFixed(0)} s`;
  try {
    await run({ seed, count, say: (text) => console.log(`  ${text}`) });
    console.log(`${name}: passed in ${took()}`);
    return true;
  } catch (error) {
    console.log(`${name}: FAILED in ${took()}: ${(error as Error).message}`);
    return false;
  }
}

async function main(): Promise<number> {
  if (Deno.args.includes("--help")) {
    console.log(helpText(command));
    return 0;
  }
  const { flags } = parseCommandLine(command, Deno.args);
  const { only, seed, count } = flags;
  const chosen = cases.filter(({ name }) =>
    only === undefined || name === only
  );
  if (chosen.length === 0) {
    const names = cases.map(({ name }) => name).join(", ");
    throw new UsageError(
      `--only ${only}: there is no such case among ${names}`,
    );
  }
  let passed = 0;
  for (const one of chosen) if (await passes(one, seed, count)) passed++;
  const failed = chosen.length - passed;
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

try {
  Deno.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`error: ${error.message}`);
  Deno.exitCode = 2;
}
