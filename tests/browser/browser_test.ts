/**
 * The library in a bundle, in Deno and in a browser.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { generate, openBackend, tokenize, train } from "../../mod.ts";
import { needsCommands } from "../access.ts";
import { TemporaryFolder } from "../tasks/command.ts";
import { CHROMIUM, CHROMIUM_FLAGS, needsBrowser } from "./chromium.ts";

/** What is asked of the library, wherever it runs. */
interface Library {
  readonly generate: typeof generate;
  readonly openBackend: typeof openBackend;
  readonly tokenize: typeof tokenize;
  readonly train: typeof train;
}

/** Trains a tiny model and returns the text, the losses and the device. */
async function trainTiny(
  { generate, openBackend, tokenize, train }: Library,
  device: "cpu" | "webgpu",
): Promise<{ text: string; losses: number[]; description: string }> {
  using backend = await openBackend(device);
  const corpus = tokenize("so it went round and round and ".repeat(30));
  const options = { hiddenSize: 40, batchSize: 8, numSteps: 10, epochs: 4 };
  const losses: number[] = [];
  let text = "";
  for await (const event of train(corpus, backend, options)) {
    if (event.type === "epoch") {
      losses.push(...event.losses);
    }
    if (event.type !== "checkpoint" || event.reason !== "last") continue;
    for await (const piece of generate(event.checkpoint, "round", backend)) {
      text += piece;
    }
  }
  return { text, losses, description: backend.description };
}

/** A module and all that it imports, the library by default, as one file for browsers. */
async function bundle(folder: string, module = "mod.ts"): Promise<string> {
  const output = `${folder}/weena.js`;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--platform=browser", "-o", output, module],
    cwd: fromFileUrl(new URL("../../", import.meta.url)),
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return output;
}

/** A page that calls a function with the bundle's module and posts what came of it. */
function page(run: string): string {
  return `<!doctype html><title>weena</title><script type="module">
    const run = ${run};
    let result;
    try {
      result = await run(await import("/weena.js"));
    } catch (error) {
      result = { error: String(error) };
    }
    await fetch("/result", { method: "POST", body: JSON.stringify(result) });
  </script>`;
}

/** Trains in a browser, cross-origin isolated or not. */
function trainedInBrowser(
  folder: string,
  device: "cpu" | "webgpu",
  isolated: boolean,
): ReturnType<typeof trainTiny> {
  // The function travels as its source: it uses nothing but its arguments.
  const run = `(library) => (${trainTiny.toString()})(library, "${device}")`;
  return inBrowser(folder, run, isolated);
}

/** Opens the page in a browser, cross-origin isolated or not. */
async function inBrowser<Result extends object>(
  folder: string,
  run: string,
  isolated: boolean,
): Promise<Result> {
  const isolation = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
  };
  const reply = (body: BodyInit, type: string) =>
    new Response(body, {
      headers: { "content-type": type, ...(isolated && isolation) },
    });
  const posted = Promise.withResolvers<string>();
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      switch (new URL(request.url).pathname) {
        case "/weena.js":
          return reply(
            await Deno.readFile(`${folder}/weena.js`),
            "text/javascript",
          );
        case "/result":
          posted.resolve(await request.text());
          return reply("", "text/plain");
        default:
          return reply(page(run), "text/html");
      }
    },
  );
  const profile = await Deno.makeTempDir({ dir: folder, prefix: "profile-" });
  const browser = new Deno.Command(CHROMIUM, {
    args: [
      ...["--headless", "--no-first-run", "--disable-sync"],
      ...["--disable-background-networking", "--disable-component-update"],
      ...CHROMIUM_FLAGS,
      `--user-data-dir=${profile}`,
      `http://127.0.0.1:${server.addr.port}/`,
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const ended = browser.status.then(({ code }) => {
    throw new Error(`the browser ended with ${code} before the page was done`);
  });
  ended.catch(() => {}); // it ends in the end
  const result = JSON.parse(await Promise.race([posted.promise, ended]));
  browser.kill();
  await browser.status;
  assertEquals(result.error, undefined);
  return result;
}

Deno.test({
  ...needsCommands("the library works in a bundle"),
  fn: async () => {
    using temporary = new TemporaryFolder();
    const folder = temporary.path;
    const script = await bundle(folder);
    const library: Library = await import(`file://${script}`);
    const { losses } = await trainTiny(library, "cpu");
    const own = { generate, openBackend, tokenize, train };
    assertEquals(losses, (await trainTiny(own, "cpu")).losses);
  },
});

Deno.test({
  ...needsBrowser("the library works in a browser, on the CPU and on WebGPU"),
  fn: async () => {
    using temporary = new TemporaryFolder();
    const folder = temporary.path;
    await bundle(folder);
    const own = { generate, openBackend, tokenize, train };
    const here = await trainTiny(own, "cpu");
    const isolated = await trainedInBrowser(folder, "cpu", true);
    assertMatch(isolated.description, /\d+ threads\)$/);
    const alone = await trainedInBrowser(folder, "cpu", false);
    assertMatch(alone.description, /1 thread\)$/);
    // The same module on the same kind of engine: the same bits.
    assertEquals(isolated.losses, here.losses);
    assertEquals(alone.losses, here.losses);
    assertEquals(alone.text, here.text);

    const gpu = await trainedInBrowser(folder, "webgpu", true);
    assertMatch(gpu.description, /WebGPU/);
    for (const [i, loss] of gpu.losses.entries()) {
      const distance = Math.abs(loss - here.losses[i]);
      // Two float32 devices after at most 12 updates of a small model.
      assert(distance <= 1e-4, `loss ${i}: ${loss}, ${distance} off`);
    }
  },
});

Deno.test({
  ...needsBrowser("whole sequences are the reference's in a browser"),
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "weena-" });
    try {
      await bundle(folder, "tests/browser/sequences.ts");
      const run = "async (all) => ({ cases: await all.compareSequences() })";
      const result = await inBrowser<{ cases: number }>(folder, run, false);
      assertEquals(result, { cases: 8 });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
