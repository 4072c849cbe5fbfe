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

/** What stands above three declarations or more, and so tells them not apart. */
function repeated(sources: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const source of sources) {
    for (const [comment] of source.matchAll(/^\/\*\* .* \*\/$/gm)) {
      counts.set(comment, (counts.get(comment) ?? 0) + 1);
    }
  }
  return [...counts].filter(([, count]) => count > 2)
    .map(([comment, count]) => `${count} times: ${comment}`);
}

Deno.test({
  ...needsToRead("a declaration has one doc comment, in words of its own"),
  fn: () => {
    const sources = ["mod.ts", ...modules("lib/"), ...modules("tasks/")]
      .map((path) => [path, Deno.readTextFileSync(new URL(path, ROOT))]);
    const found = sources.flatMap(([path, source]) =>
      faults(source).map((fault) => `${path}: ${fault}`)
    );
    found.push(...repeated(sources.map(([, source]) => source)));
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

Deno.test("a doc comment that says the same of three declarations is found", () => {
  const source = "/** The table. */\na;\n/** Its rows. */\nb;";
  assertEquals(repeated([source, source]), []);
  assertEquals(repeated([source, source, "/** The table. */\nc;"]), [
    "3 times: /** The table. */",
  ]);
});
