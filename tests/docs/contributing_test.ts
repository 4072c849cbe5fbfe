import { assert, assertEquals } from "@std/assert";
import contributing from "../../CONTRIBUTING.md" with { type: "text" };
import { canRead, needs } from "../access.ts";

const ROOT = new URL("../../", import.meta.url);

/** The files that a page names, less those that stand for any: `tasks/NAME.ts`. */
function filesNamed(page: string): string[] {
  const named = page.match(/(?<=`)(?:[\w.-]+\/)+[\w.-]+\.\w+(?=`)/g) ?? [];
  return [...new Set(named)].filter((path) => !path.includes("NAME"));
}

Deno.test({
  ...needs("permission to read", canRead(ROOT))(
    "the files that CONTRIBUTING.md names are there",
  ),
  fn: () => {
    const named = filesNamed(contributing);
    assert(named.length > 20);
    const missing = named.filter((path) => !canRead(new URL(path, ROOT)));
    assertEquals(missing, []);
  },
});
