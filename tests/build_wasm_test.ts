import { assert } from "@std/assert";

/** What the kernels compile to here, or why they cannot be compiled. */
async function build(): Promise<{ source: string } | { hindrance: string }> {
  const run = await Deno.permissions.query({
    name: "run",
    command: Deno.execPath(),
  });
  if (run.state !== "granted") {
    return { hindrance: "no permission to run deno" };
  }
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-lock", "--no-prompt"],
      ...["--allow-read=kernels", "--allow-env=CI"],
      ...["tasks/build_wasm.ts", "--stdout"],
    ],
    cwd: new URL("..", import.meta.url),
  }).output();
  if (code === 0) return { source: new TextDecoder().decode(stdout) };
  const message = new TextDecoder().decode(stderr);
  if (code === 3) return { hindrance: message.trim().split("\n")[0] };
  throw new Error(message);
}

const env = await Deno.permissions.query({ name: "env", variable: "CI" });
const isRequired = env.state === "granted" && Deno.env.get("CI") === "true";
const built = await build();
const hindrance = "hindrance" in built ? built.hindrance : undefined;
const isIgnored = hindrance !== undefined && !isRequired;

Deno.test({
  name: "kernels/wasm.generated.ts is what kernels/wasm compiles to" +
    (isIgnored ? ` (ignored: ${hindrance})` : ""),
  ignore: isIgnored,
  fn: async () => {
    assert("source" in built, hindrance);
    const target = new URL("../kernels/wasm.generated.ts", import.meta.url);
    assert(
      await Deno.readTextFile(target) === built.source,
      "Run `deno task build:wasm` and commit its result",
    );
  },
});
