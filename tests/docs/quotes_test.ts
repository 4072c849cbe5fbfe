import { assert, assertEquals } from "@std/assert";
import { canRead, needs } from "../access.ts";

const ROOT = new URL("../../", import.meta.url);

/** The quoted excerpts of a page: a comment that names the file, then its code. */
const QUOTE = /<!-- from (\S+) -->\n+```ts ignore\n([\s\S]*?)\n```/g;

/** The code without indentation, which an excerpt may have less of. */
function flush(code: string): string {
  return code.split("\n").map((line) => line.trim()).join("\n");
}

/** Excerpts that are not in the file that they name. */
function strays(page: string, read: (path: string) => string): string[] {
  return [...page.matchAll(QUOTE)]
    .filter(([, path, code]) => !flush(read(path)).includes(flush(code)))
    .map(([, path, code]) => `${path}: ${code}`);
}

Deno.test("an excerpt that is not in its file is found", () => {
  const page = "<!-- from a.ts -->\n\n```ts ignore\nx = 1;\ny = 2;\n```\n";
  assertEquals(strays(page, () => "{\n  x = 1;\n  y = 2;\n}"), []);
  assertEquals(strays(page, () => "{\n  x = 1;\n}").length, 1);
});

Deno.test({
  ...needs("permission to read", canRead(ROOT))(
    "every excerpt in the documentation is in the file that it names",
  ),
  fn: () => {
    const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));
    const page = read("docs/how-it-works.md");
    assert([...page.matchAll(QUOTE)].length >= 8);
    assertEquals(strays(page, read), []);
  },
});
