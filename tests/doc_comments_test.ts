import { assertEquals } from "@std/assert";
import { canRead, needs } from "./access.ts";

const ROOT = new URL("../", import.meta.url);

const needsToRead = needs("permission to read", canRead(ROOT));

/** Every TypeScript file of this folder, as paths from the root. */
function* modules(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (isDirectory) yield* modules(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield `${folder}${name}`;
  }
}

/** What `deno doc` would lose, or a reader would learn nothing from. */
function faults(source: string): string[] {
  const all = [];
  const comments = source.matchAll(
    /\/\*\*(?:[^*]|\*(?!\/))*\*\/(?=(\s*\/\*\*)?)/g,
  );
  for (const [comment, next] of comments) {
    const [line] = comment.split("\n");
    if (next && !/@module/.test(comment)) all.push(`two on one: ${line}`);
    // A shape is no letter: `(H)`.
    if (/^\/\*\* `?\w`?\.? \*\/$/.test(line)) all.push(`a letter: ${line}`);
  }
  return all;
}

Deno.test({
  ...needsToRead("a declaration has one doc comment, and it is in words"),
  fn: () => {
    const found = ["mod.ts", ...modules("lib/"), ...modules("tasks/")]
      .flatMap((path) =>
        faults(Deno.readTextFileSync(new URL(path, ROOT)))
          .map((fault) => `${path}: ${fault}`)
      );
    assertEquals(found, []);
  },
});

Deno.test("a doc comment that is lost and one that is a letter are found", () => {
  const sound = "/**\n * A file.\n *\n * @module\n */\n\n/** Width, W. */\n";
  assertEquals(faults(`${sound}w;\n/** \`(T, B)\`. */\nt;`), []);
  assertEquals(faults(`${sound}/** In words. */\nw;`), [
    "two on one: /** Width, W. */",
  ]);
  assertEquals(faults("w: {\n  /** V. */\n  v: number;\n}"), [
    "a letter: /** V. */",
  ]);
});
