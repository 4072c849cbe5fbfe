import { assert, assertEquals } from "@std/assert";
import english from "../../README.md" with { type: "text" };
import chinese from "../../README.zh-CN.md" with { type: "text" };
import type { Flag } from "../../tasks/cli/command.ts";
import { SETTING_FLAGS } from "../../tasks/cli/training_flags.ts";

/** The sections of a page, from one heading to the next. */
function sections(page: string): string[] {
  return page.split(/^##+ /m);
}

/** The fenced blocks of code of a section, in their order. */
function blocks(section: string): string[] {
  return section.match(/^```[\s\S]*?^```$/gm) ?? [];
}

/** What is set as code within a section's text, each once, sorted. */
function spans(section: string): string[] {
  const text = section.replace(/^```[\s\S]*?^```$/gm, "");
  return [...new Set(text.match(/`[^`]+`/g) ?? [])].toSorted();
}

/** The files that a section links to or shows. */
function links(section: string): string[] {
  return [...section.matchAll(/\]\((?!https?:|README)([^)]+)\)/g)]
    .map(([, path]) => path);
}

for (const [what, found] of Object.entries({ blocks, spans, links })) {
  Deno.test(`the READMEs have the same ${what} in each section`, () => {
    assertEquals(
      sections(chinese).map(found),
      sections(english).map(found),
    );
  });
}

Deno.test("a list of choices in the READMEs is that of the flag", () => {
  const flags: Readonly<Record<string, Flag>> = SETTING_FLAGS;
  let count = 0;
  for (const page of [english, chinese]) {
    for (const [, name, list] of page.matchAll(/--([\w-]+) (\w+(?:\|\w+)+)/g)) {
      const flag = flags[name];
      assert(flag?.kind === "choice", name);
      assertEquals(list.split("|"), [...flag.choices], name);
      count++;
    }
  }
  assert(count > 0);
});
