/**
 * A module and all that it imports, as one script.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";

/**
 * The tool that lowers `using` for engines that lack it, the one behind Deno's own
 * bundler, which knows no target. Neither in deno.json nor written as literals where
 * they are imported: with either, everybody who runs a task would download it.
 */
const ESBUILD: string = "npm:esbuild-wasm@0.28.2/esm/browser.js";
const ESBUILD_WASM: string = "npm:esbuild-wasm@0.28.2/esbuild.wasm";

/** What older engines still understand. */
const TARGET = "es2022";

/** The part of the tool's interface that is used. */
interface Esbuild {
  initialize(options: {
    readonly wasmModule: WebAssembly.Module;
    readonly worker: boolean;
  }): Promise<void>;
  transform(source: string, options: {
    readonly target: string;
    readonly minify: boolean;
    readonly banner: string;
    readonly legalComments: "none";
  }): Promise<{ readonly code: string }>;
}

let esbuild: Promise<Esbuild> | undefined;

/**
 * Bundles a module for browsers, Node 20 and what is newer.
 *
 * @param entry Path from the root of the project.
 * @throws {Error} If it cannot be bundled.
 */
export async function bundleScript(
  entry: string,
  { minify }: { readonly minify: boolean },
): Promise<string> {
  const { success, outputFiles, errors } = await Deno.bundle({
    entrypoints: [fromFileUrl(new URL(`../../${entry}`, import.meta.url))],
    platform: "browser",
    write: false,
  });
  if (!success || outputFiles?.length !== 1) {
    const reasons = errors.map(({ text }) => text).join("; ");
    throw new Error(`Cannot bundle ${entry}: ${reasons}`);
  }
  esbuild ??= startEsbuild();
  const { code } = await (await esbuild).transform(outputFiles[0].text(), {
    target: TARGET,
    minify,
    legalComments: "none",
    banner: "// weena: MIT licence",
  });
  return code;
}

async function startEsbuild(): Promise<Esbuild> {
  const tool: Esbuild = await import(ESBUILD);
  const path = fromFileUrl(import.meta.resolve(ESBUILD_WASM));
  const wasmModule = await WebAssembly.compile(await Deno.readFile(path));
  await tool.initialize({ wasmModule, worker: false });
  return tool;
}
