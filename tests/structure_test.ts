import { assert, assertEquals } from "@std/assert";
import { canRead, canRunCommands, needs } from "./access.ts";
import { breaches } from "./structure.ts";

const ROOT = new URL("../", import.meta.url);

const needsToRead = needs("permission to read", canRead(ROOT));
const needsToRun = needs("permission to run commands", canRunCommands());

/** Every file of this folder, as paths from the root. */
function* files(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (isDirectory) yield* files(`${folder}${name}/`);
    else yield `${folder}${name}`;
  }
}

const modules = (...folders: string[]) =>
  folders.flatMap((folder) => [...files(folder)])
    .filter((path) => path.endsWith(".ts"));

Deno.test({
  ...needsToRead("imports point one way, and the library knows no platform"),
  fn: () => {
    const paths = ["mod.ts", ...modules("lib/", "kernels/", "tasks/")];
    const sources = new Map(
      paths.map((path) => [path, Deno.readTextFileSync(new URL(path, ROOT))]),
    );
    assertEquals(breaches(sources), []);
  },
});

Deno.test({
  ...needsToRead(
    "every kernel and part is imported by the file that imports kernels",
  ),
  fn: () => {
    const path = "lib/backend/webgpu/kernels.ts";
    const source = Deno.readTextFileSync(new URL(path, ROOT));
    const imported = [...source.matchAll(/"\.\.\/\.\.\/\.\.\/(.*\.wgsl)"/g)];
    const kernels = [...files("kernels/")].filter((p) => p.endsWith(".wgsl"));
    assert(kernels.length > 0);
    assertEquals(imported.map(([, name]) => name).sort(), kernels.sort());
  },
});

Deno.test({
  ...needsToRun("the library type-checks as a browser would have it"),
  fn: async () => {
    // The types of the DOM and of ECMAScript alone: neither Deno's nor Node's.
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "check",
        "--config",
        "tests/browser.json",
        "mod.ts",
        ...modules("lib/"),
      ],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
  },
});

/** A sound project, to be spoilt. */
const SOUND = {
  "mod.ts": 'export { train } from "./lib/train.ts";',
  "lib/train.ts": '/** On Deno. */ import "./backend/backend.ts"; // Deno',
  "lib/backend/backend.ts": "export {};",
  "lib/backend/open.ts": 'await import(\n  "./cpu/cpu.ts"\n);',
  "lib/backend/cpu/cpu.ts": 'import type { B } from "../backend.ts";',
  "lib/backend/gpu/kernels.ts":
    'import a from "../../../kernels/a.wgsl" with { type: "text" };',
  "tasks/train.ts":
    'import { train } from "../mod.ts";\nimport "@std/cli"; Deno.exit(0);',
};

const BREACHES: [path: string, source: string, breach: string][] = [
  [
    "lib/train.ts",
    'import "../tasks/x.ts";',
    "lib/train.ts imports tasks/x.ts",
  ],
  ["lib/train.ts", 'export * from "../mod.ts";', "lib/train.ts imports mod.ts"],
  ["tasks/train.ts", 'import "../tests/x.ts";', "imports tests/x.ts"],
  ["lib/x.ts", 'import a from "../data/a.txt";', "imports data/a.txt"],
  ["lib/backend/backend.ts", 'import "../train.ts";', "imports lib/train.ts"],
  [
    "lib/train.ts",
    'import type {\n  C,\n} from "./backend/cpu/cpu.ts";',
    "lib/train.ts knows a backend: lib/backend/cpu/cpu.ts",
  ],
  ["lib/x.ts", 'await import("./backend/cpu/cpu.ts");', "knows a backend"],
  ["mod.ts", 'export * from "./lib/backend/cpu/cpu.ts";', "knows a backend"],
  ["lib/backend/gpu/x.ts", 'import "../cpu/cpu.ts";', "knows a backend"],
  ["lib/backend/open.ts", 'import { o } from "./cpu/cpu.ts";', "at once"],
  ["lib/train.ts", 'import "@std/assert";', "bare specifier @std/assert"],
  ["lib/x.ts", 'import { a } from "npm:x";', "bare specifier npm:x"],
  ["lib/x.ts", "const a = Deno.args;", "lib/x.ts uses Deno"],
  ["mod.ts", 'globalThis["Deno"]', "mod.ts uses Deno"],
  [
    "tasks/x.ts",
    'import a from "../kernels/a.wgsl";',
    "kernels.ts, tasks/x.ts",
  ],
  ["lib/backend/gpu/kernels.ts", "", "imported by none"],
];

Deno.test("every breach of the structure is found", () => {
  assertEquals(breaches(new Map(Object.entries(SOUND))), []);
  for (const [path, source, breach] of BREACHES) {
    const spoilt = new Map(Object.entries({ ...SOUND, [path]: source }));
    const found = breaches(spoilt);
    assert(
      found.length === 1 && found[0].includes(breach),
      `expected "${breach}", found ${JSON.stringify(found)}`,
    );
  }
});
