/**
 * The script for CI: how it ends, whatever fails in it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { canRead, canRunCommands, needs } from "./access.ts";
import { TemporaryFolder } from "./tasks/command.ts";

const SCRIPT = new URL("../.ci/run", import.meta.url);

/** Deno's summaries of two runs. */
const SUMMARIES = "ok | 9 passed (3 steps) | 0 failed | 1 ignored (2s)\n\n" +
  "FAILED | 100 passed | 2 failed (1m2s)\n";

/** What is in the way of the script, each by a command that fails. */
const CASES: Readonly<
  Record<
    string,
    { fails?: RegExp; prints?: string; ends: string; code: number }
  >
> = {
  "nothing fails": {
    prints: "ok | 9 passed | 0 failed | 1 ignored (2s)\n",
    ends: "9 passed, 0 failed, 1 skipped",
    code: 0,
  },
  "two summaries, of which one has failures": {
    fails: /^task ok/,
    prints: SUMMARIES,
    ends: "109 passed, 2 failed, 1 skipped",
    code: 1,
  },
  "the text cannot be downloaded": {
    fails: /^task download/,
    prints: "ok | 9 passed | 0 failed (2s)\n",
    ends: "9 passed, 1 failed, 0 skipped",
    code: 1,
  },
  "the notebook's kernel cannot be installed": {
    fails: /^jupyter/,
    prints: "ok | 9 passed | 0 failed (2s)\n",
    ends: "9 passed, 1 failed, 0 skipped",
    code: 1,
  },
  "all tests pass, but their process crashes at its end": {
    fails: /^task ok/,
    prints: "ok | 9 passed | 0 failed | 1 ignored (2s)\n",
    ends: "9 passed, 0 failed, 1 skipped",
    code: 0,
  },
  "all tests pass, but their process crashes at its end, twice": {
    fails: /^task (ok|test)/,
    prints: "ok | 9 passed | 0 failed | 1 ignored (2s)\n",
    ends: "9 passed, 0 failed, 1 skipped",
    code: 1,
  },
  "the tests do not get to a summary": {
    fails: /^task ok/,
    prints: "error: Type checking failed.\n",
    ends: "0 passed, 1 failed, 0 skipped",
    code: 1,
  },
  "there is no Deno": {
    fails: /^-y deno/,
    ends: "0 passed, 1 failed, 0 skipped",
    code: 1,
  },
};

/** A command in place of npx, of the Deno that it finds, and of what installs. */
function stub(fails: RegExp | undefined, prints = ""): string {
  return `#!/usr/bin/env bash
    if [[ "$*" =~ ${
    fails?.source.replaceAll(" ", "\\ ") ?? "^$"
  } ]]; then code=1; fi
    case "$*" in
      "-y deno@2.9 eval"*) echo "$0" ;;
      "task ok" | "task test") printf '%s' '${prints}' ;;
    esac
    exit "\${code:-0}"`;
}

for (const [what, { fails, prints, ends, code }] of Object.entries(CASES)) {
  Deno.test({
    ...needs(
      "permission to run commands: deno task test",
      canRunCommands() && canRead("/bin/bash"),
    )(`.ci/run ends with its summary: ${what}`),
    fn: async () => {
      using folder = new TemporaryFolder();
      const { path } = folder;
      for (const name of ["checkout/.ci", "bin"]) {
        Deno.mkdirSync(`${path}/${name}`, { recursive: true });
      }
      Deno.copyFileSync(SCRIPT, `${path}/checkout/.ci/run`);
      for (const name of ["npx", "apt-get"]) {
        Deno.writeTextFileSync(`${path}/bin/${name}`, stub(fails, prints), {
          mode: 0o755,
        });
      }
      const finished = await new Deno.Command(`${path}/checkout/.ci/run`, {
        env: { PATH: `${path}/bin:/usr/bin:/bin` },
      }).output();
      const lines = new TextDecoder().decode(finished.stdout).trimEnd();
      assertEquals([lines.split("\n").at(-1), finished.code], [ends, code]);
    },
  });
}
