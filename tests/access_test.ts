import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { needsCommands } from "./access.ts";

/** Says, where there is no adapter and no corpus, which tests are left out. */
const PROGRAM = `
import { needs, needsTimeMachine } from "${import.meta.resolve("./access.ts")}";
import { WEBGPU } from "${import.meta.resolve("./backend/devices.ts")}";
console.log(JSON.stringify([
  needs("a browser", false)("the page").ignore,
  needsTimeMachine("the corpus").ignore,
  WEBGPU.ignore !== undefined,
]));
`;

/** Runs the program without permission to read, and so without the corpus. */
async function leftOut(CI: string): Promise<boolean[]> {
  const program = `data:application/typescript,${encodeURIComponent(PROGRAM)}`;
  const config = fromFileUrl(import.meta.resolve("../deno.json"));
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt", "--no-lock", "--allow-env=CI"],
      ...["--config", config, program],
    ],
    env: { CI, DENO_WEBGPU_BACKEND: "noop" },
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test({
  ...needsCommands(
    "a missing adapter, browser or corpus is a failure in CI, a skip elsewhere",
  ),
  fn: async () => {
    assertEquals(await leftOut("true"), [false, false, false]);
    assertEquals(await leftOut("false"), [true, true, true]);
  },
});
