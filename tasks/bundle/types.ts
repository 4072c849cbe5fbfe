/**
 * The types of the library as one file.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";

/**
 * The compiler that Deno has, and what puts its declarations together. Neither in
 * deno.json nor written as literals where they are imported: with either, everybody
 * who runs a task would download them. The second takes the compiler that is there.
 */
const TYPESCRIPT: string = "npm:typescript@6.0.3";
const DTS_BUNDLE_GENERATOR: string = "npm:dts-bundle-generator@9.5.1";

/** The part of the tool's interface that is used. */
interface DtsBundleGenerator {
  readonly default: {
    generateDtsBundle(
      entries: readonly {
        readonly filePath: string;
        readonly output: { readonly noBanner: boolean };
      }[],
      options: { readonly preferredConfigPath: string },
    ): string[];
  };
}

/** Source text of the declarations of mod.ts. */
export async function bundleTypes(): Promise<string> {
  await import(TYPESCRIPT);
  const tool: DtsBundleGenerator = await import(DTS_BUNDLE_GENERATOR);
  const path = (name: string) => fromFileUrl(new URL(name, import.meta.url));
  // It speaks of what it does on stderr, and of errors by throwing.
  const [types] = tool.default.generateDtsBundle([
    { filePath: path("../../mod.ts"), output: { noBanner: true } },
  ], { preferredConfigPath: path("tsconfig.json") });
  return `// The types of weena.js.\n\n${types}`;
}
