import { assert, assertEquals } from "@std/assert";
import { canRead, canRunCommands, needs } from "./access.ts";
import { breaches, EXCEPTIONS } from "./structure.ts";

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
  ...needsToRead(
    "imports point one way, the library knows no platform, and functions are short",
  ),
  fn: () => {
    const paths = [
      "mod.ts",
      ...modules("lib/", "kernels/", "tasks/", "tests/"),
    ].filter((path) => path !== "tests/structure_test.ts"); // spoilt on purpose
    const sources = new Map(
      paths.map((path) => [path, Deno.readTextFileSync(new URL(path, ROOT))]),
    );
    assertEquals(breaches(sources, EXCEPTIONS), []);
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

/** A function of that many lines, the line that opens it and the last included. */
const long = (open: string, lines: number, close = "}") =>
  [open, ...Array(lines - 2).fill("  a();"), close].join("\n");

/** A sound project, to be spoilt. */
const SOUND = {
  "mod.ts": 'export { train } from "./lib/train.ts";',
  "lib/train.ts": '/** On Deno. */ import "./backend/backend.ts"; // Deno',
  "lib/backend/backend.ts": "export {};",
  "lib/backend/open.ts": 'await import(\n  "./cpu/cpu.ts"\n);',
  "lib/backend/cpu/cpu.ts": 'import type { B } from "../backend.ts";',
  "lib/backend/gpu/kernels.ts":
    'import a from "../../../kernels/a.wgsl" with { type: "text" };',
  "lib/text/corpus.ts": [
    'export const message = `the file comes from "${name}"`;',
    "// console.log(performance.now())",
    "const LATEST = new Date(2011, 0); const GPU = 'high-performance'; const EMPTY = [0];",
    "export const sizes: Map<string, number> = new Map([['a', 1]]);",
    "function f() {\n  let a = 1; const b = [];\n}",
  ].join("\n"),
  "tasks/train.ts": [
    'import { train } from "../mod.ts";',
    'import "@std/cli"; Deno.exit(0);',
    'import "./cli.ts";',
    "let now = Date.now(); console.log(now);",
  ].join("\n"),
  "tasks/bundle/older_engines.ts": "export {};",
  "tasks/playground/page.ts": [
    'import { train } from "../../mod.ts";',
    'import "./plot.ts"; // on no Deno',
    'import "../bundle/older_engines.ts";',
  ].join("\n"),
  "tasks/playground/plot.ts": 'import "../shared/thinned.ts";',
  "tasks/shared/thinned.ts": 'import type { Corpus } from "../../mod.ts";',
  "tasks/cli.ts": [
    long("function f() {", 80),
    long("class A {", 100),
    long("const a = {", 100, "};"),
    long("if (a) {", 100),
    // a table
    long("function ops(): Ops {\n  const a = 1;\n  return {", 100, "  };\n}"),
  ].join("\n"),
  "tests/train_test.ts": 'import "./train.ts";',
  "tests/train.ts": "export {};",
  "kernels/wasm/gru.ts": 'import { tile } from "./tile";',
  "kernels/wasm/tile.ts": "export {};",
};

const BREACHES: [path: string, source: string, breach: string][] = [
  [
    "tasks/x.ts",
    long("export async function f({ a }: B): Promise<C> {", 81),
    "tasks/x.ts has a function of 81 lines: export async function f(",
  ],
  [
    "lib/x.ts",
    long("function f(\n  a: { b: C },\n): D {", 79),
    "has a function of 81 lines: function f(",
  ],
  [
    "lib/x.ts",
    long("class A {\n  static async *#b(c: D): E {", 82, "  }\n}"),
    "has a function of 82 lines: static async *#b(",
  ],
  [
    "lib/x.ts",
    long("f(a, async (b) => {", 81, "});"),
    "has a function of 81 lines: f(a, async (b)",
  ],
  [
    "lib/x.ts",
    long("function f() {\n  return [", 90, "  ];\n}"),
    "has a function of 92 lines: function f()",
  ],
  [
    "lib/train.ts",
    'import "../tasks/x.ts";',
    "lib/train.ts imports tasks/x.ts",
  ],
  ["lib/x.ts", 'export * from "../mod.ts";', "lib/x.ts imports mod.ts"],
  ["tasks/train.ts", 'import "../tests/x.ts";', "imports tests/x.ts"],
  ["lib/x.ts", 'import a from "../data/a.txt";', "imports data/a.txt"],
  ["lib/backend/x.ts", 'import "../train.ts";', "imports lib/train.ts"],
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
  [
    "lib/x.ts",
    'throw new RangeError("too short");',
    "lib/x.ts throws an error that the platform throws, too",
  ],
  [
    "lib/text/x.ts",
    'throw new SyntaxError("no text");',
    "lib/text/x.ts throws an error that the platform throws, too",
  ],
  ["mod.ts", 'globalThis["Deno"]', "mod.ts uses Deno"],
  [
    "tasks/x.ts",
    'import a from "../kernels/a.wgsl";',
    "kernels.ts, tasks/x.ts",
  ],
  ["lib/backend/gpu/kernels.ts", "", "imported by none"],
  [
    "lib/backend/backend.ts",
    'import type { O } from "./open.ts";',
    "circle of imports: lib/backend/backend.ts, lib/backend/cpu/cpu.ts, " +
    "lib/backend/open.ts",
  ],
  [
    "tasks/cli.ts",
    'export type * from "./train.ts";',
    "circle of imports: tasks/cli.ts, tasks/train.ts",
  ],
  [
    "tests/train.ts",
    'const a = await import("./train_test.ts");',
    "circle of imports: tests/train.ts, tests/train_test.ts",
  ],
  [
    "kernels/wasm/tile.ts",
    'import { gru } from "./gru";',
    "circle of imports: kernels/wasm/gru.ts, kernels/wasm/tile.ts",
  ],
  [
    "lib/x.ts",
    'import { a } from "./x.ts";',
    "circle of imports: lib/x.ts",
  ],
  [
    "lib/x.ts",
    'export const f = () => console.warn("a");',
    "lib/x.ts writes to the console",
  ],
  ["mod.ts", "globalThis.console.log(1);", "mod.ts writes to the console"],
  ["lib/x.ts", "const now = () => Date.now();", "lib/x.ts reads a clock"],
  ["lib/x.ts", "const { now } = performance;", "lib/x.ts reads a clock"],
  ["lib/x.ts", "const year = new Date().getYear();", "reads a clock"],
  ["lib/x.ts", "const now = +new Date;", "lib/x.ts reads a clock"],
  [
    "tasks/playground/plot.ts",
    'import { train } from "../../lib/train.ts";',
    "tasks/playground/plot.ts imports lib/train.ts, and not mod.ts alone",
  ],
  [
    "tasks/playground/plot.ts",
    'import type {\n  B,\n} from "../../lib/backend/backend.ts";',
    "imports lib/backend/backend.ts, and not mod.ts alone",
  ],
  [
    "tasks/playground/plot.ts",
    'await import("../cli.ts");',
    "imports tasks/cli.ts, and not mod.ts alone",
  ],
  [
    "tasks/shared/thinned.ts",
    'import { train } from "../../lib/train.ts";',
    "tasks/shared/thinned.ts imports lib/train.ts, and not mod.ts alone",
  ],
  ["tasks/shared/x.ts", 'import "@std/path";', "bare specifier @std/path"],
  ["tasks/shared/x.ts", "Deno.args;", "tasks/shared/x.ts uses Deno"],
  ["tasks/playground/x.ts", "Deno.exit();", "x.ts uses Deno"],
  ["lib/x.ts", "let a = 1;", "lib/x.ts has global state"],
  ["lib/x.ts", "export let a: number;", "lib/x.ts has global state"],
  ["mod.ts", "export var a = 1;", "mod.ts has global state"],
  [
    "lib/x.ts",
    "const cache = new Map<string, Map<string, number>>();",
    "lib/x.ts has global state",
  ],
  ["lib/x.ts", "const pool: number[] =\n  [];", "lib/x.ts has global state"],
  ["lib/x.ts", "export const a: A = {};", "lib/x.ts has global state"],
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

Deno.test("an exception holds for one breach, and until it is mended", () => {
  const path = "lib/x.ts";
  const exceptions = new Map([[`${path} reads a clock`, "to tell the time"]]);
  const found = (source: string) =>
    breaches(
      new Map(Object.entries({ ...SOUND, [path]: source })),
      exceptions,
    );
  assertEquals(found("performance.now();"), []);
  assertEquals(found("performance.now();\nlet a = 1;"), [
    "lib/x.ts has global state",
  ]);
  assertEquals(found(""), [
    "lib/x.ts reads a clock: an exception that is no longer needed",
  ]);
});
