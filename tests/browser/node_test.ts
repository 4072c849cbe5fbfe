/**
 * The library as one file, in Node, and its types.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { tokenize, train } from "../../mod.ts";
import { openBackend } from "../../lib/backend/open.ts";
import { canRunCommands, needs } from "../access.ts";
import { succeeds } from "../succeeds.ts";
import { execute, runTask, TemporaryFolder } from "../tasks/command.ts";

const needsNode = needs(
  "permission to run commands, and Node",
  canRunCommands() && await succeeds("node", "--version"),
);

const TEXT = "so it went round and round and ".repeat(30);
const OPTIONS = { hiddenSize: 24, batchSize: 8, numSteps: 10, epochs: 4 };

/** What Node runs, and what the compiler checks with the types of the library. */
const PROGRAM = `
import {
  type Checkpoint, decodeCheckpoint, encodeCheckpoint, generate, openBackend,
  tokenize, train,
} from "weena";

const backend = await openBackend("cpu");
const corpus = tokenize(${JSON.stringify(TEXT)});
const losses: number[] = [];
let last: Checkpoint | undefined;
for await (const event of train(corpus, backend, ${JSON.stringify(OPTIONS)})) {
  if (event.type === "epoch") losses.push(event.loss);
  if (event.type === "checkpoint") last = event.checkpoint;
}
const read = await decodeCheckpoint(await encodeCheckpoint(last!));
let text = "";
for await (const piece of generate(read, "round", backend)) text += piece;
backend[Symbol.dispose]();
console.log(JSON.stringify({ losses, text }));
`;

Deno.test({
  ...needsNode("the library as one file trains in Node, with its types"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const bundled = await runTask(folder, "bundle");
    assertEquals(bundled.code, 0, bundled.stderr);
    assertMatch(bundled.stdout, /playground\/worker\.js: [\d,]+ bytes/);
    const installed = `${folder.path}/node_modules/weena`;
    await Deno.mkdir(`${folder.path}/node_modules`);
    await Deno.rename(`${folder.path}/dist`, installed);
    await Deno.writeTextFile(`${folder.path}/program.mts`, PROGRAM);
    await Deno.writeTextFile(
      `${folder.path}/tsconfig.json`,
      JSON.stringify({
        compilerOptions: {
          target: "esnext",
          module: "nodenext",
          lib: ["esnext", "dom"],
          types: [],
          strict: true,
        },
        files: ["program.mts"],
      }),
    );
    // It emits as well: what Node 20 runs is JavaScript.
    const compiler = await execute(folder, Deno.execPath(), [
      ...["run", "--no-lock", "--no-config", "--allow-read", "--allow-env"],
      ...["--allow-write=.", "npm:typescript@6.0.3/tsc"],
    ]);
    assertEquals(compiler.code, 0, compiler.stdout);
    const { code, stdout, stderr } = await execute(folder, "node", [
      "program.mjs",
    ]);
    assertEquals(code, 0, stderr);
    const { losses, text } = JSON.parse(stdout);

    const own: number[] = [];
    using backend = await openBackend("cpu");
    for await (const event of train(tokenize(TEXT), backend, OPTIONS)) {
      if (event.type === "epoch") own.push(event.loss);
    }
    assertEquals(losses.length, own.length);
    for (const [i, loss] of own.entries()) {
      const distance = Math.abs(losses[i] - loss);
      // Node 20 takes the build without relaxed SIMD: 12 updates of a small model
      // in float32, rounded a little differently.
      assert(distance <= 1e-4, `epoch ${i + 1}: ${losses[i]}, ${distance} off`);
    }
    assert(text.startsWith("round") && text.length === 5 + 50, text);
  },
});
