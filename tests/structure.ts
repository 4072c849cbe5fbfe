/**
 * Which module may import which, what the library's code may not use, and how long
 * functions may be.
 *
 * @module
 */

import { functionLengths } from "./function_length.ts";

/** Sources by path from the root: `lib/train.ts`, `mod.ts`. */
export type Sources = ReadonlyMap<string, string>;

/** One import of a module. */
interface Import {
  readonly from: string;
  readonly specifier: string;
  /** Path from the root of what is imported; "" for a bare specifier. */
  readonly to: string;
  readonly isLazy: boolean;
}

/** A file may import what has the same number or a lower one. */
const LAYERS: readonly [folder: string, layer: number][] = [
  ["tests/", 5],
  ["tasks/", 4],
  ["data/", 4],
  ["README", 4],
  ["CONTRIBUTING.md", 4],
  ["deno.json", 4],
  ["mod.ts", 3],
  ["lib/input_error.ts", 0],
  ["lib/backend/", 1],
  ["lib/", 2],
  ["kernels/", 0],
];

/** The one file that knows every backend. */
const OPEN = "lib/backend/open.ts";

/** Where no platform is known. */
const LIBRARY = /^(?:mod\.ts$|lib\/|kernels\/)/;

/** The same less the kernels: those of WASM have their instance's variables. */
const LIB = /^(?:mod\.ts$|lib\/)/;

/** What runs in a browser: the page, and what it shares with the terminal. */
const PAGE = /^tasks\/(?:playground|shared)\//;

/** All that these may import: of the library mod.ts alone. */
const PAGE_IMPORTS =
  /^(?:mod\.ts|tasks\/(?:playground|shared)\/.*|tasks\/bundle\/older_engines\.ts)$/;

/** Where functions are measured, and how many lines they may have. */
const MEASURED = /^(?:mod\.ts$|lib\/|tasks\/)/;
const MOST_LINES = 80;

/** What code may not use, in the files whose paths match `where`. */
interface Forbidden {
  readonly breach: string;
  readonly code: RegExp;
  readonly where: RegExp;
}

const FORBIDDEN: readonly Forbidden[] = [
  { breach: "uses Deno", code: /\bDeno\b/, where: LIBRARY },
  { breach: "uses Deno", code: /\bDeno\b/, where: PAGE },
  {
    breach: "writes to the console",
    code: /\bconsole\b/,
    where: LIB,
  },
  {
    breach: "reads a clock",
    code:
      /\bDate\.now\b|\bnew Date(?!\w|\((?!\s*\)))|(?<!-)\bperformance\b|\bTemporal\b/,
    where: LIB,
  },
  {
    breach: "throws an error that the platform throws, too",
    code: /\bnew (?:RangeError|SyntaxError)\(/,
    where: /^lib\/(?!backend\/)/,
  },
  { // a variable of a module, or a collection that begins empty to be filled
    breach: "has global state",
    code:
      /^(?:export )?(?:(?:let|var)\b|const [^=]+=\s*(?:\[\]|\{\}|new (?:Weak)?(?:Map|Set)(?:<[^;]*>)?(?:\(\))?);)/m,
    where: LIB,
  },
];

/** Breaches that stand for now or for good, each with its reason. */
export type Exceptions = ReadonlyMap<string, string>;

/** The exceptions of this project. */
export const EXCEPTIONS: Exceptions = new Map([
  ...["model/language_model", "model/one_hot", "partition"]
    .map((name): [string, string] => [
      `lib/${name}.ts throws an error that the platform throws, too`,
      "an index or id is wrong by a fault of the calling code",
    ]),
  [
    "lib/training/pace.ts reads a clock",
    "it holds the platform's clock, the default of every function that takes one",
  ],
]);

/**
 * Every breach of the rules of ARCHITECTURE.md that is no exception, and every
 * exception that nothing needs any more; none in a sound project.
 */
export function breaches(
  sources: Sources,
  exceptions: Exceptions = new Map(),
): string[] {
  const found = allBreaches(sources);
  return [
    ...found.filter((breach) => !exceptions.has(breach)),
    ...[...exceptions.keys()].filter((breach) => !found.includes(breach))
      .map((breach) => `${breach}: an exception that is no longer needed`),
  ];
}

function allBreaches(sources: Sources): string[] {
  const all: string[] = [];
  const importers = new Set<string>();
  const graph = new Map<string, readonly string[]>();
  for (const [path, source] of sources) {
    const code = withoutComments(source);
    for (const { breach, code: forbidden, where } of FORBIDDEN) {
      if (where.test(path) && forbidden.test(code)) {
        all.push(`${path} ${breach}`);
      }
    }
    if (MEASURED.test(path)) {
      all.push(...longFunctions(source).map((long) => `${path} has ${long}`));
    }
    const isLibrary = LIBRARY.test(path), isPage = PAGE.test(path);
    const imports = importsOf(path, code);
    graph.set(path, imports.map(({ to }) => to));
    for (const one of imports) {
      const { specifier, to, isLazy } = one;
      if (to === "") {
        if (isLibrary || isPage) {
          all.push(`${path} has the bare specifier ${specifier}`);
        }
        continue;
      }
      if (isPage && !PAGE_IMPORTS.test(to)) {
        all.push(`${path} imports ${to}, and not mod.ts alone`);
      }
      if (layer(to) > layer(path)) all.push(`${path} imports ${to}`);
      if (to.endsWith(".wgsl")) importers.add(path);
      if (!isLibrary) continue;
      const implementation = to.match(/^lib\/backend\/\w+\//)?.[0];
      if (!implementation || path.startsWith(implementation)) continue;
      if (path !== OPEN) all.push(`${path} knows a backend: ${to}`);
      else if (!isLazy) all.push(`${path} imports ${to} at once`);
    }
  }
  if (importers.size !== 1) {
    const names = [...importers].join(", ") || "none";
    all.push(`kernels are imported by ${names}, expected one file`);
  }
  return [...all, ...circles(graph).map(circleOf)];
}

function longFunctions(source: string): string[] {
  return functionLengths(source)
    .filter(({ lines }) => lines > MOST_LINES)
    .map(({ header, lines }) => `a function of ${lines} lines: ${header}`);
}

/** Modules of which each leads to all others by its imports, those of types too. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const reached = new Map<string, ReadonlySet<string>>();
  for (const [module, imports] of graph) {
    const all = new Set(imports);
    // A set is walked through with what is added on the way.
    for (const one of all) graph.get(one)?.forEach((next) => all.add(next));
    reached.set(module, all);
  }
  const found: string[][] = [];
  for (const [module, all] of reached) {
    const circle = [...all].filter((other) => reached.get(other)?.has(module));
    // Its first module speaks for it.
    if (circle.sort()[0] === module) found.push(circle);
  }
  return found;
}

function circleOf(modules: readonly string[]): string {
  return `circle of imports: ${modules.join(", ")}`;
}

function layer(path: string): number {
  return LAYERS.find(([folder]) => path.startsWith(folder))?.[1] ?? Infinity;
}

function withoutComments(source: string): string {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/(^|\s)\/\/.*$/gm, "$1");
}

function importsOf(from: string, code: string): Import[] {
  const found: Import[] = [];
  // The word "from" may stand in a message, too: a statement begins the line.
  const pattern =
    /^(?:import|export)\b[^;"'`]*?\bfrom\s*"([^"]*)"|^\s*import\s*"([^"]*)"|\bimport\(\s*"([^"]*)"/gm;
  for (const [, named, plain, lazy] of code.matchAll(pattern)) {
    const specifier = named ?? plain ?? lazy;
    found.push({
      from,
      specifier,
      to: pathOf(specifier, from),
      isLazy: lazy !== undefined,
    });
  }
  return found;
}

function pathOf(specifier: string, from: string): string {
  if (!/^\.\.?\//.test(specifier)) return "";
  const path = new URL(specifier, `file:///${from}`).pathname.slice(1);
  // AssemblyScript leaves the extension out.
  return /\/[^./]+$/.test(path) ? `${path}.ts` : path;
}
