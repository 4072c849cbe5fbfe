import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Pictures } from "../../tasks/cli/run_pictures.ts";
import { canRunCommands, needs } from "../access.ts";

Deno.test({
  ...needs("permission to load packages: deno task test", canRunCommands())(
    "what draws is not waited for longer than was asked",
  ),
  fn: async () => {
    const pictures = new Pictures();
    assertEquals(pictures.ready, undefined, "nothing is waited for");
    assertEquals(await pictures.within(0), "late");
    const draw = await pictures.within(60_000);
    assertNotEquals(draw, "late");
    assert(pictures.ready === draw);
  },
});
