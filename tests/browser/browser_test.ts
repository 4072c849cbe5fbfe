/**
 * The library in a bundle, in Deno and in a browser.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import type { Browser } from "playwright-core";
import { generate, openBackend, tokenize, train } from "../../mod.ts";
import { canRead, canRunCommands, needs } from "../access.ts";

/** Debian's. */
const CHROMIUM = "/usr/bin/chromium";

const needsCommands = needs(
  "permission to run commands: deno task test",
  canRunCommands(),
);
const needsBrowser = needs(
  "permission to run commands, and Debian's chromium",
  canRunCommands() && canRead(CHROMIUM),
);

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
      continue;
    }
    for await (const piece of generate(event.checkpoint, "round", backend)) {
      text += piece;
    }
  }
  return { text, losses, description: backend.description };
}

/** The whole library as one file for browsers. */
async function bundle(folder: string): Promise<string> {
  const output = `${folder}/weena.js`;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--platform=browser", "-o", output, "mod.ts"],
    cwd: fromFileUrl(new URL("../../", import.meta.url)),
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return output;
}

/** Serves the bundle and an empty page, cross-origin isolated or not. */
function serve(
  script: string,
  isolated: boolean,
): Deno.HttpServer<Deno.NetAddr> {
  const headers = new Headers(
    isolated
      ? {
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
      }
      : {},
  );
  const reply = (body: BodyInit, type: string) => {
    const own = new Headers(headers);
    own.set("content-type", type);
    return new Response(body, { headers: own });
  };
  return Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    ({ url }) =>
      url.endsWith("/weena.js")
        ? reply(Deno.readFileSync(script), "text/javascript")
        : reply("<!doctype html><title>weena</title>", "text/html"),
  );
}

async function inBrowser(
  browser: Browser,
  script: string,
  device: "cpu" | "webgpu",
  isolated: boolean,
): ReturnType<typeof trainTiny> {
  await using server = serve(script, isolated);
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.addr.port}/`);
  // The function travels as its source: it uses nothing but its arguments.
  const source = `(async () => {
    const trainTiny = ${trainTiny.toString()};
    return await trainTiny(await import("/weena.js"), "${device}");
  })()`;
  const result = await page.evaluate(source);
  await page.close();
  return result as Awaited<ReturnType<typeof trainTiny>>;
}

Deno.test({
  ...needsCommands("the library works in a bundle"),
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "weena-" });
    try {
      const script = await bundle(folder);
      const library: Library = await import(`file://${script}`);
      const { losses } = await trainTiny(library, "cpu");
      const own = { generate, openBackend, tokenize, train };
      assertEquals(losses, (await trainTiny(own, "cpu")).losses);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  ...needsBrowser("the library works in a browser, on the CPU and on WebGPU"),
  // The driver of the browser keeps timers of its own.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "weena-" });
    // Not at the top: loading it needs permissions.
    const { chromium } = await import("playwright-core");
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        "--no-sandbox",
        "--enable-unsafe-webgpu",
        "--use-webgpu-adapter=swiftshader",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    try {
      const script = await bundle(folder);
      const own = { generate, openBackend, tokenize, train };
      const here = await trainTiny(own, "cpu");
      const isolated = await inBrowser(browser, script, "cpu", true);
      assertMatch(isolated.description, /\d+ threads\)$/);
      const alone = await inBrowser(browser, script, "cpu", false);
      assertMatch(alone.description, /1 thread\)$/);
      // The same module on the same kind of engine: the same bits.
      assertEquals(isolated.losses, here.losses);
      assertEquals(alone.losses, here.losses);
      assertEquals(alone.text, here.text);

      const gpu = await inBrowser(browser, script, "webgpu", true);
      assertMatch(gpu.description, /WebGPU/);
      for (const [i, loss] of gpu.losses.entries()) {
        const distance = Math.abs(loss - here.losses[i]);
        // Two float32 devices after at most 12 updates of a small model.
        if (distance > 1e-4) {
          throw new Error(`loss ${i}: ${loss}, ${distance} off`);
        }
      }
    } finally {
      await browser.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
});
