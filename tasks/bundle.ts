import { join } from "@std/path";
import config from "../deno.json" with { type: "json" };
import { buildPage } from "./bundle/page.ts";
import { bundleScript } from "./bundle/script.ts";
import { bundleTypes } from "./bundle/types.ts";
import { writeWhole } from "./cli/files.ts";
import type { Command, Flags } from "./cli/command.ts";
import { runTask } from "./cli/run_task.ts";
import { out } from "./cli/terminal.ts";
import { grouped } from "./shared/grouped.ts";

/** Where everything goes. */
const FOLDER = "dist";

export const command = {
  name: "bundle",
  details:
    "weena.js is the library as one module for browsers, Node and Bun; " +
    "playground/ is the page with everything it needs.",
  flags: {},
  examples: ["deno task bundle"],
} as const satisfies Command<Flags>;

export async function run(args: readonly string[]): Promise<never> {
  return await runTask(command, args, async () => {
    const library = await bundleScript("tasks/bundle/weena.ts", {
      minify: false,
    });
    await write("weena.js", library);
    await write("weena.d.ts", await bundleTypes());
    await write("package.json", manifest());
    for (const [name, bytes] of await buildPage()) {
      await write(`playground/${name}`, bytes);
    }
  });
}

/** What Node and Bun read: that the script is a module, and where its types are. */
function manifest(): string {
  const { name, version, license } = config;
  const exports = { types: "./weena.d.ts", default: "./weena.js" };
  const all = { name, version, license, type: "module", exports };
  return `${JSON.stringify(all, null, 2)}\n`;
}

async function write(name: string, content: string | Uint8Array) {
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  const path = join(FOLDER, name);
  await writeWhole(path, bytes);
  out(`${path}: ${grouped(bytes.length)} bytes\n`);
}

if (import.meta.main) await run(Deno.args);
