import { assertEquals } from "@std/assert";
import { needsCommands } from "../access.ts";
import { TaskRunner, TemporaryFolder } from "./command.ts";

Deno.test({
  ...needsCommands("playground: a port in use is named, with the flag"),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = new TaskRunner(folder);
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr as Deno.NetAddr;
    assertEquals(await tasks.run("playground", `--port=${port}`), {
      code: 6,
      stdout: "",
      stderr: `error: port ${port} is in use, perhaps by another playground: ` +
        `choose another one with --port, or --port 0 for any free port\n`,
    });
  },
});
