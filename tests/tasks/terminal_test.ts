import { assert, assertEquals, assertMatch } from "@std/assert";
import { printable } from "../../tasks/cli/terminal.ts";
import { canRunCommands, needs } from "../access.ts";
import { denoArguments, TemporaryFolder } from "./command.ts";

/** Whether there is util-linux's `script`, which gives a program a terminal. */
function hasScript(): boolean {
  if (!canRunCommands() || Deno.build.os !== "linux") return false;
  try {
    const args = ["--version"];
    const { stdout } = new Deno.Command("script", { args }).outputSync();
    return new TextDecoder().decode(stdout).includes("util-linux");
  } catch {
    return false;
  }
}

const needsTerminal = needs("the command script of util-linux", hasScript());

/** Trains in a terminal of 80 columns; all that was written to it, with ESC for escape. */
async function trainInTerminal(
  folder: TemporaryFolder,
  env: Record<string, string>,
  ...flags: string[]
): Promise<string> {
  Deno.writeTextFileSync(
    `${folder.path}/text.txt`,
    "Time flies like an arrow;\nfruit flies like a banana.\n".repeat(40),
  );
  const command = [
    Deno.execPath(),
    ...denoArguments("train"),
    ...["--corpus=text.txt", "--device=reference", "--hidden-size=24"],
    ...["--batch-size=4", "--num-steps=8", "--epochs=20", ...flags],
  ].map((word) => `'${word}'`).join(" ");
  const { stdout } = await new Deno.Command("script", {
    args: ["-qec", `stty cols 80 rows 24; ${command}`, "/dev/null"],
    cwd: folder.path,
    env: { TERM: "xterm", NO_COLOR: "", ...env },
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout).replaceAll("\x1b", "ESC");
}

/** What is on the screen in the end: redrawn lines are replaced. */
function screen(written: string): string[] {
  return written.replaceAll("\r\n", "\n").split("\n")
    .map((line) => line.slice(line.lastIndexOf("\r") + 1));
}

/** Codes of colours. */
const COLORS = /ESC\[[\d;]*m/g;

Deno.test({
  ...needsTerminal("on a terminal a line is redrawn, and is gone in the end"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const written = await trainInTerminal(folder, {});
    assertMatch(written, /\rESC\[1mepoch +\d+\/20ESC\[0m/);
    const plain = written.replaceAll(COLORS, "");
    const redrawn = plain.match(/\repoch [^\r\n]*ESC\[K/g) ?? [];
    assert(redrawn.length > 1, written);
    for (const line of redrawn) assert([...line].length <= 78 + 5, line);
    const left = screen(plain).join("\n");
    assert(!left.replaceAll("ESC[K", "").includes("ESC"), left);
    assert(!/━|─/.test(left), `the line is still there: ${left}`);
    const sample = left.split("\n").find((line) => line.includes("epoch 10 "))!;
    const [shown] = sample.replace("ESC[K", "").split("\r");
    assertEquals(
      [...shown].length,
      80,
      "a sample is cut where the window ends",
    );
    assertMatch(left, /^(?:ESC\[K)?epoch 10 +perplexity .*↵/m);
    const bad = await trainInTerminal(folder, {}, "--epochs=0x1");
    assertMatch(bad, /ESC\[31merror: --epochs was given twiceESC\[0m/);
  },
});

Deno.test({
  ...needsTerminal("NO_COLOR takes the colours, TERM=dumb every escape code"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const noColor = await trainInTerminal(folder, { NO_COLOR: "1" });
    assertEquals(noColor.match(COLORS), null);
    assertMatch(noColor, /\repoch +\d+\/20 +[━╸─]+ /);
    const dumb = await trainInTerminal(folder, { TERM: "dumb" });
    assert(!dumb.includes("ESC"), dumb);
    assertMatch(dumb, /^epoch 20 of 20, perplexity /m);
  },
});

Deno.test("what would move the cursor or turn the writing is shown as what it is", () => {
  assertEquals(printable("a\x1b[2Jb\rc\td\ne"), "a␛[2Jb␍c\td\ne");
  assertEquals(printable("\x9b31m\x7f"), "␡31m␡");
  assertEquals(printable("x\u202ey\u2066z"), "x[U+202E]y[U+2066]z");
  assertEquals(printable("\u061c\u200e\u200f"), "[U+061C][U+200E][U+200F]");
  // The joiners of emoji and of scripts stay.
  const family = "👩\u200d👧", hindi = "क्\u200dष";
  assertEquals(printable(family + hindi), family + hindi);
});
