/**
 * The page in a browser, on the CPU and on WebGPU.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  CELL_NAMES,
  DEVICE_NAMES,
  MODEL_SETTINGS,
  OPTIMIZER_NAMES,
  TRAINING_SETTINGS,
} from "../../mod.ts";
import { isInRange } from "../../lib/setting.ts";
import { decodeCheckpoint } from "../../lib/training/checkpoint.ts";
import { buildPage, type PageFiles } from "../../tasks/bundle/page.ts";
import { servePage } from "../../tasks/bundle/serve.ts";
import { runTask, TemporaryFolder } from "../tasks/command.ts";
import { Chromium, needsBrowser, type Page, waitUntil } from "./chromium.ts";

const SENTENCE = "so it went round and round, and the wheel came round again. ";

/** A text that a small model learns in a moment. */
const TEXT = SENTENCE.repeat(80);

const PREFIX = "the wheel ";

/** What each device trains: the software behind WebGPU is a thousand times slower. */
const DEVICES = {
  cpu: { cell: "gru", text: TEXT, epochs: 12, length: 200 },
  webgpu: { cell: "rnn", text: SENTENCE.repeat(16), epochs: 3, length: 20 },
} as const;

let built: Promise<PageFiles> | undefined;

/** Serves the page as its task does. */
async function serve() {
  return servePage(await (built ??= buildPage()), 0);
}

function addressOf({ addr }: { readonly addr: Deno.NetAddr }): string {
  return `http://127.0.0.1:${addr.port}/`;
}

/** A file as the driver wants it. */
async function file(name: string, content: string | Uint8Array) {
  const { Buffer } = await import("node:buffer");
  const buffer = Buffer.from(content as Uint8Array);
  return { name, mimeType: "application/octet-stream", buffer };
}

/** Chooses the text and a small model of it. */
async function choose(
  page: Page,
  { device = "cpu", epochs = DEVICES[device].epochs }: {
    readonly device?: keyof typeof DEVICES;
    readonly epochs?: number;
  } = {},
): Promise<void> {
  const { cell, text } = DEVICES[device];
  await page.waitForSelector("#train:not([disabled])");
  await page.setInputFiles("#text-file", await file("wheel.txt", text));
  await page.click("summary");
  await page.selectOption("#device-choice", device);
  const runsOn = device === "cpu" ? "CPU" : "WebGPU";
  await waitUntil(
    page,
    `document.querySelector("#device").textContent.includes("${runsOn}") &&
     document.querySelector("#device").textContent.includes("asked")`,
  );
  await page.selectOption("#cell", cell);
  await page.fill("#units", "24");
  await page.fill("#epochs", String(epochs));
  // What is written unasked after training is short where that is slow.
  const { length } = DEVICES[device];
  await page.evaluate(`document.querySelector("#length").value = ${length}`);
}

async function waitForText(page: Page, selector: string, text: string) {
  await waitUntil(
    page,
    `document.querySelector(${JSON.stringify(selector)}).textContent
       .includes(${JSON.stringify(text)})`,
  );
}

/** Waits until the text that is written has been read. */
async function waitForReading(page: Page): Promise<string> {
  await waitUntil(
    page,
    `document.querySelectorAll("#text span").length > 20`,
  );
  return (await page.textContent("#text"))!;
}

/** What the model writes behind {@linkcode PREFIX}, always the likeliest. */
async function writeGreedily(page: Page, length: number): Promise<string> {
  await page.fill("#temperature", "0");
  await page.fill("#length", String(length));
  await page.fill("#prefix", PREFIX);
  await waitUntil(
    page,
    `document.querySelector("#text").textContent.startsWith("${PREFIX}") &&
     document.querySelectorAll("#text span").length === ${
      PREFIX.length + length
    }`,
  );
  return (await page.textContent("#text"))!;
}

/** Lets the page press Stop itself once an epoch is done, as soon as that can be. */
async function stopAfterEpoch(page: Page): Promise<void> {
  await page.evaluate(`{
    const state = document.querySelector("#state");
    new MutationObserver((_, observer) => {
      if (!state.textContent.includes("characters per second")) return;
      observer.disconnect();
      document.querySelector("#stop").click();
    }).observe(state, { childList: true, subtree: true, characterData: true });
  }`);
}

async function save(page: Page): Promise<{ path: string; bytes: Uint8Array }> {
  const download = page.waitForEvent("download");
  await page.click("#save");
  const path = await (await download).path();
  return { path, bytes: await Deno.readFile(path) };
}

for (const device of ["cpu", "webgpu"] as const) {
  const { cell, length } = DEVICES[device];
  // So many that there is time to stop.
  const epochs = device === "cpu" ? 100 : DEVICES[device].epochs;

  Deno.test({
    ...needsBrowser(
      `the page trains, writes, saves and goes on exactly on ${device}`,
    ),
    fn: async () => {
      await using server = await serve();
      await using browser = await Chromium.launch();
      using folder = new TemporaryFolder();
      let written = "", saved: Uint8Array = new Uint8Array();
      await browser.visit(addressOf(server), async (page) => {
        await choose(page, { device, epochs });
        await page.click("#train");
        await waitForText(page, "#state", `Done after epoch ${epochs}`);
        const perplexity = Number(await page.textContent("#perplexity"));
        assert(perplexity >= 1 && perplexity < 22, `perplexity ${perplexity}`);
        assertMatch((await page.textContent("#samples"))!, /epoch \d/);
        written = await writeGreedily(page, length);
        assertEquals(written.length, PREFIX.length + length);

        // Each character's probability, and the unit over the text.
        await page.hover("#text span:nth-child(15)");
        assertMatch((await page.textContent("#readout"))!, /: [\d.]+ %/);
        await page.click("#heat-map");
        assertEquals(await page.inputValue("#shading"), "unit");

        saved = (await save(page)).bytes;
        const { config, progress, corpus } = await decodeCheckpoint(saved);
        assertEquals([config.cell, config.hiddenSize], [cell, 24]);
        assertEquals([progress.epochs, corpus.name], [epochs, "wheel.txt"]);

        // The same again, stopped on the way. (Opening WebGPU takes this test most
        // of its time: all of it is one visit.)
        await stopAfterEpoch(page);
        await page.click("#train");
        await waitForText(page, "#state", "Stopped after epoch");
        await page.click("#resume");
        await waitForText(page, "#state", `Done after epoch ${epochs}`);
        assertEquals((await save(page)).bytes, saved);
      });

      // The command line writes the same with it.
      await Deno.writeFile(`${folder.path}/page.safetensors`, saved);
      const { code, stdout, stderr } = await runTask(
        folder,
        "generate",
        ...["--checkpoint=page.safetensors", `--prefix=${PREFIX}`],
        ...[`--length=${length}`, "--device=cpu"],
      );
      assertEquals(code, 0, stderr);
      if (device === "cpu") assertEquals(stdout, `${written}\n`);

      // And the page does, once it has opened it.
      await browser.visit(addressOf(server), async (page) => {
        await page.waitForSelector("#train:not([disabled])");
        const model = await file("page.safetensors", saved);
        await page.setInputFiles("#model-file", model);
        await waitForText(page, "#state", "Opened page.safetensors");
        const again = await writeGreedily(page, length);
        if (device === "cpu") assertEquals(again, written);
      });
    },
  });
}

/** A host that serves files in a folder of its own, and knows of no headers. */
async function serveStatically(folder: string) {
  const files = await (built ??= buildPage());
  const types: Record<string, string> = {
    html: "text/html",
    css: "text/css",
    js: "text/javascript",
    svg: "image/svg+xml",
  };
  return Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ url }) => {
      const { pathname } = new URL(url);
      const name = pathname.slice(folder.length) || "index.html";
      const bytes = pathname.startsWith(folder) ? files.get(name) : undefined;
      if (!bytes) return new Response("none", { status: 404 });
      const type = types[name.split(".").at(-1)!] ?? "text/plain";
      return new Response(bytes.slice(), { headers: { "content-type": type } });
    },
  );
}

Deno.test({
  ...needsBrowser("any static host will do, on one thread"),
  fn: async () => {
    const folder = "/some/folder/";
    await using server = await serveStatically(folder);
    await using browser = await Chromium.launch();
    const address = `http://127.0.0.1:${server.addr.port}${folder}`;
    await browser.visit(address, async (page) => {
      await choose(page);
      assertMatch((await page.textContent("#device"))!, /1 thread\)/);
      await page.click("#train");
      await waitForText(page, "#state", "Done after epoch 12 of 12");
      assertEquals((await writeGreedily(page, 40)).length, PREFIX.length + 40);
    });
  },
});

Deno.test({
  ...needsBrowser("a model of the command line opens in the page and goes on"),
  fn: async () => {
    using folder = new TemporaryFolder();
    await Deno.writeTextFile(`${folder.path}/wheel.txt`, TEXT);
    const { code, stderr } = await runTask(
      folder,
      "train",
      ...["--corpus=wheel.txt", "--cell=lstm", "--hidden-size=20"],
      ...["--epochs=3", "--batch-size=8", "--num-steps=20", "--device=cpu"],
    );
    assertEquals(code, 0, stderr);
    const path = `${folder.path}/data/runs/wheel-1/model.safetensors`;
    const bytes = await Deno.readFile(path);
    await using server = await serve();
    await using browser = await Chromium.launch();
    await browser.visit(addressOf(server), async (page) => {
      await page.waitForSelector("#train:not([disabled])");
      await page.setInputFiles(
        "#model-file",
        await file("m.safetensors", bytes),
      );
      await waitForText(page, "#model", "lstm, 20 hidden units, 1 layer");
      await waitForReading(page);

      // Another text is refused, the same one is gone on with.
      await page.click("#resume");
      await waitForText(page, "#error", "Cannot resume");
      await page.setInputFiles("#text-file", await file("wheel.txt", TEXT));
      await page.click("#resume");
      await waitForText(page, "#state", "Done after epoch 6 of 6");
      assertEquals(await page.isVisible("#error"), false);
    });
  },
});

Deno.test({
  ...needsBrowser("the form offers what the library has, in its ranges"),
  fn: async () => {
    await using server = await serve();
    await using browser = await Chromium.launch();
    await browser.visit(addressOf(server), async (page) => {
      await page.waitForSelector("#train:not([disabled])");
      const choices = async (id: string) =>
        (await page.evaluate<string[]>(
          `[...document.querySelector("#${id}").options].map((o) => o.value)`,
        )).sort();
      assertEquals(await choices("cell"), [...CELL_NAMES].sort());
      assertEquals(await choices("optimizer"), [...OPTIMIZER_NAMES].sort());
      assertEquals(
        [...await choices("device-choice"), "reference"].sort(),
        [...DEVICE_NAMES].sort(),
      );
      for (
        const [id, setting] of [
          ["units", MODEL_SETTINGS.hiddenSize],
          ["layers", MODEL_SETTINGS.numLayers],
          ["rate", TRAINING_SETTINGS.learningRate],
          ["epochs", TRAINING_SETTINGS.epochs],
        ] as const
      ) {
        const [min, max, step] = await page.evaluate<[string, string, string]>(
          `{ const { min, max, step } = document.querySelector("#${id}");
             [min, max, step]; }`,
        );
        for (const bound of [Number(min), Number(max)]) {
          assert(isInRange(setting, bound), `${id}: ${bound}`);
        }
        assertEquals(step, setting.kind === "integer" ? "1" : "any");
      }
      // Quick's own rate comes back with its optimizer.
      await page.click("summary");
      const rates = [];
      for (const optimizer of ["sgd", "adamw", "adam"]) {
        await page.selectOption("#optimizer", optimizer);
        rates.push(
          await page.evaluate(`document.querySelector("#rate").valueAsNumber`),
        );
      }
      assertEquals(rates, [1, 0.002, 0.005]);
    });
  },
});

Deno.test({
  ...needsBrowser("a bad file gives one line, and the page goes on"),
  fn: async () => {
    await using server = await serve();
    await using browser = await Chromium.launch();
    await browser.visit(addressOf(server), async (page) => {
      await page.waitForSelector("#train:not([disabled])");
      const model = await file("bad.safetensors", "no model at all");
      await page.setInputFiles("#model-file", model);
      await waitForText(page, "#error", "Not a usable checkpoint");
      assertEquals(await page.isVisible("#error"), true);
      const picture = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0xff, 0xfe]);
      await page.setInputFiles("#text-file", await file("a.png", picture));
      await page.click("#train");
      await waitForText(page, "#error", "not UTF-8");
      await page.setInputFiles("#text-file", await file("short.txt", "ab"));
      await page.click("#train");
      await waitForText(page, "#error", "too short");
      assertEquals((await page.textContent("#error"))!.includes("\n"), false);
      assertEquals(await page.isVisible("#train"), true);
      await choose(page);
      await page.click("#train");
      await waitForText(page, "#state", "Done after epoch 12 of 12");
      assertEquals(await page.isVisible("#error"), false);

      // What the model does not know is said as well.
      await page.fill("#prefix", "Ω");
      await waitForText(page, "#error", 'has no "Ω" at 1');
    });
  },
});

Deno.test({
  ...needsBrowser("text that looks like HTML is shown as text"),
  fn: async () => {
    await using server = await serve();
    await using browser = await Chromium.launch();
    const evil = `<img src=x onerror="document.title='bad'"><script>1</script>`;
    await browser.visit(addressOf(server), async (page) => {
      await choose(page);
      const text = await file(`${evil}.txt`, evil.repeat(60));
      await page.setInputFiles("#text-file", text);
      await page.click("#train");
      await waitForText(page, "#state", "Done after epoch 12 of 12");
      await page.fill("#prefix", evil);
      await waitUntil(
        page,
        `document.querySelector("#text").textContent.startsWith("<img src=x")`,
      );
      await waitForReading(page);
      assertEquals(
        await page.evaluate<number>(
          `document.querySelectorAll("img, body script").length`,
        ),
        0,
      );
      assertEquals(await page.evaluate("document.title"), "weena");
    });
  },
});

Deno.test({
  ...needsBrowser("a keyboard alone is enough"),
  fn: async () => {
    await using server = await serve();
    await using browser = await Chromium.launch();
    await browser.visit(addressOf(server), async (page) => {
      await choose(page);
      await page.evaluate("document.activeElement.blur()");
      const tabTo = async (id: string) => {
        for (let i = 0; i < 40; i++) {
          await page.keyboard.press("Tab");
          const at = await page.evaluate("document.activeElement.id");
          if (at === id) return;
        }
        throw new Error(`#${id} is not reached by Tab`);
      };
      await tabTo("train");
      await page.keyboard.press("Enter");
      await waitForText(page, "#state", "Done after epoch 12 of 12");
      // The button that was pressed is gone; the focus is not.
      assertEquals(
        await page.evaluate("document.activeElement.id"),
        "resume",
      );
      await tabTo("prefix");
      await page.keyboard.press("Control+A");
      await page.keyboard.type("round and ");
      await waitUntil(
        page,
        `document.querySelector("#text").textContent.startsWith("round and ")`,
      );
      await waitForReading(page);
      await tabTo("position");
      const before = await page.textContent("#readout");
      await page.keyboard.press("ArrowRight");
      assert(await page.textContent("#readout") !== before);
      await tabTo("unit");
      await page.keyboard.press("ArrowRight");
      assertEquals(await page.inputValue("#shading"), "unit");
      assertMatch((await page.textContent("#readout"))!, /Unit 2: /);
    });
  },
});

/** Checks accessibility; imported as the driver is. */
const AXE: string = "npm:axe-core@4.14.1";

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test({
    ...needsBrowser(`the page is accessible, and fits a phone: ${colorScheme}`),
    fn: async () => {
      const axe = await import(AXE);
      const source: string = (axe.default ?? axe).source;
      await using server = await serve();
      await using browser = await Chromium.launch();
      const inspect = async (page: Page) => {
        const found = await page.evaluate<string[]>(`(async () => {
          ${source};
          const { violations } = await axe.run();
          return violations
            .filter(({ impact }) => ["serious", "critical"].includes(impact))
            .map(({ id, nodes }) => id + " " + nodes.map((n) => n.html));
        })()`);
        assertEquals(found, []);
        const width = await page.evaluate<number>(
          "document.documentElement.scrollWidth",
        );
        assert(width <= 390, `the page is ${width} pixels wide`);
      };
      await browser.visit(addressOf(server), async (page) => {
        await page.waitForSelector("#train:not([disabled])");
        await inspect(page);
        await choose(page);
        await page.click("#train");
        await waitForText(page, "#state", "Done after epoch 12 of 12");
        await waitForReading(page);
        await inspect(page);
        await page.selectOption("#shading", "unit");
        await page.fill("#prefix", "Ω");
        await waitForText(page, "#error", "Cannot");
        await inspect(page);
      }, { viewport: { width: 390, height: 844 }, colorScheme });
    },
  });
}
