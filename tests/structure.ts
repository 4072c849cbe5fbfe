/**
 * Which module may import which.
 *
 * @module
 */

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
  ["deno.json", 4],
  ["mod.ts", 3],
  ["lib/backend/", 1],
  ["lib/", 2],
  ["kernels/", 0],
];

/** The one file that knows every backend. */
const OPEN = "lib/backend/open.ts";

/** Every breach of the rules of ARCHITECTURE.md; none in a sound project. */
export function breaches(sources: Sources): string[] {
  const all: string[] = [];
  const importers = new Set<string>();
  for (const [path, source] of sources) {
    const code = withoutComments(source);
    const isLibrary = /^(?:mod\.ts$|lib\/|kernels\/)/.test(path);
    if (isLibrary && /\bDeno\b/.test(code)) all.push(`${path} uses Deno`);
    for (const one of importsOf(path, code)) {
      const { specifier, to, isLazy } = one;
      if (to === "") {
        if (isLibrary) all.push(`${path} has the bare specifier ${specifier}`);
        continue;
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
  return all;
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
  const pattern =
    /\bfrom\s*"([^"]*)"|^\s*import\s*"([^"]*)"|\bimport\(\s*"([^"]*)"/gm;
  for (const [, named, plain, lazy] of code.matchAll(pattern)) {
    const specifier = named ?? plain ?? lazy;
    const to = /^\.\.?\//.test(specifier)
      ? new URL(specifier, `file:///${from}`).pathname.slice(1)
      : "";
    found.push({ from, specifier, to, isLazy: lazy !== undefined });
  }
  return found;
}
