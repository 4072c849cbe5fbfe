import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { needsCommands } from "./access.ts";
import { TemporaryFolder } from "./tasks/command.ts";

Deno.test({
  ...needsCommands(
    "kernels/wasm.generated.ts is what kernels/wasm compiles to",
  ),
  fn: async () => {
    const root = fromFileUrl(new URL("../", import.meta.url));
    using folder = new TemporaryFolder();
    const built = `${folder.path}/wasm.generated.ts`;
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-lock", "--allow-read", "--allow-env"],
        ...[`--allow-write=${folder.path}`, "tasks/build_wasm.ts", built],
      ],
      cwd: root,
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    assert(
      await Deno.readTextFile(built) ===
        await Deno.readTextFile(`${root}/kernels/wasm.generated.ts`),
      "Run `deno task build:wasm` and commit its result",
    );
  },
});

Deno.test({
  ...needsCommands(
    "kernels/wasm is linted",
  ),
  fn: async () => {
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["lint", "kernels/wasm/index.ts"],
      cwd: fromFileUrl(new URL("../", import.meta.url)),
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(new TextDecoder().decode(stderr), "Checked 1 file\n");
  },
});
