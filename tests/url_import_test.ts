import { assertEquals, assertMatch } from "@std/assert";
import { needsCommands } from "./access.ts";
import { TemporaryFolder } from "./tasks/command.ts";

const PROGRAM = `
import { generate, openBackend, tokenize, train } from "MOD";
using backend = await openBackend(Deno.args[0]);
const corpus = tokenize("round and round and round and round");
const options = { hiddenSize: 8, batchSize: 1, numSteps: 5, epochs: 3 };
for await (const event of train(corpus, backend, options)) {
  if (event.type !== "checkpoint" || event.reason !== "last") continue;
  let text = "";
  for await (const piece of generate(event.checkpoint, "round", backend)) {
    text += piece;
  }
  console.log(JSON.stringify({ text, device: backend.name }));
}
`;

Deno.test({
  ...needsCommands(
    "mod.ts works when it is imported from a URL",
  ),
  fn: async () => {
    const root = new URL("../", import.meta.url);
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      async (request) => {
        const path = new URL(request.url).pathname.slice(1);
        const type = path.endsWith(".ts")
          ? "application/typescript"
          : "text/plain";
        try {
          const body = await Deno.readFile(new URL(path, root));
          return new Response(body, { headers: { "content-type": type } });
        } catch {
          return new Response("not found", { status: 404 });
        }
      },
    );
    const host = `127.0.0.1:${server.addr.port}`;
    using folder = new TemporaryFolder();
    const program = `${folder.path}/program.ts`;
    const mod = `http://${host}/mod.ts`;
    await Deno.writeTextFile(program, PROGRAM.replace("MOD", mod));
    for (const device of ["reference", "cpu"]) {
      const { code, stdout, stderr } = await new Deno.Command(
        Deno.execPath(),
        {
          // No permission but that to import: the library asks for none.
          args: [
            "run",
            "--no-prompt",
            `--allow-import=${host}`,
            program,
            device,
          ],
          cwd: folder.path,
          env: { DENO_DIR: `${folder.path}/cache`, NO_COLOR: "1" },
        },
      ).output();
      const decoder = new TextDecoder();
      assertEquals(code, 0, decoder.decode(stderr));
      const { text } = JSON.parse(decoder.decode(stdout));
      assertMatch(text, /^round.{50}$/);
    }
  },
});
