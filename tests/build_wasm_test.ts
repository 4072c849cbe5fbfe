import { assert } from "@std/assert";
import { buildWasm } from "../tasks/build_wasm.ts";

/** Why the kernels cannot be compiled here, or nothing. */
async function hindrance(): Promise<string | undefined> {
  const sources = new URL("../kernels/", import.meta.url);
  const read = await Deno.permissions.query({ name: "read", path: sources });
  if (read.state !== "granted") return "no permission to read kernels/";
  try {
    await import("assemblyscript/asc");
  } catch (error) {
    return `no compiler: ${error instanceof Error ? error.message : error}`;
  }
}

const reason = await hindrance();
const env = await Deno.permissions.query({ name: "env", variable: "CI" });
const isRequired = env.state === "granted" && Deno.env.get("CI") === "true";

Deno.test({
  name: "kernels/wasm.generated.ts is what kernels/wasm compiles to" +
    (reason ? ` (ignored: ${reason})` : ""),
  ignore: reason !== undefined && !isRequired,
  fn: async () => {
    const target = new URL("../kernels/wasm.generated.ts", import.meta.url);
    const generated = await Deno.readTextFile(target);
    assert(
      generated === await buildWasm(),
      "Run `deno task build:wasm` and commit its result",
    );
  },
});
