import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { encodeTokenFile } from "../../lib/text/token_file.ts";
import type { Level } from "../../lib/text/tokenizer.ts";
import { tokenize } from "../../lib/tokenize.ts";
import { unknownText } from "../../tasks/cli/corpus_notes.ts";
import { mixedForms } from "../../tasks/cli/mixed_forms.ts";
import { needsCommands } from "../access.ts";
import { TaskRunner, TemporaryFolder } from "./command.ts";

const latin1 = (text: string) =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Runs a task in a folder with some files: one error line, and nothing changed. */
async function refused(
  files: Readonly<Record<string, string | Uint8Array>>,
  cases:
    readonly (readonly [code: number, args: readonly string[], said: string])[],
): Promise<void> {
  using folder = new TemporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    const path = `${folder.path}/${name}`;
    Deno.mkdirSync(path.replace(/\/[^/]*$/, ""), { recursive: true });
    if (typeof content === "string") Deno.writeTextFileSync(path, content);
    else Deno.writeFileSync(path, content);
  }
  await using tasks = new TaskRunner(folder);
  const before = folder.files();
  for (const [expected, args, said] of cases) {
    const { code, stdout, stderr } = await tasks.run("tokenize", ...args);
    assertEquals([code, stdout], [expected, ""], stderr);
    assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
    assertStringIncludes(stderr, said);
    assertEquals(folder.files(), before);
  }
}

Deno.test({
  ...needsCommands(
    "a file that is no text in UTF-8 is named, with the command",
  ),
  fn: () =>
    refused(
      {
        "book.txt": latin1("\xff\xfea\0 \0b\0"),
        "unmarked.txt": latin1("s\0o\0 \0s\0h\0o\0r\0t\0"),
        "book.txt.gz": latin1("\x1f\x8b\x08\0\0\0\0\0\0\x03KL"),
        "pointer.txt": "version https://git-lfs.github.com/spec/v1\nsize 9\n",
        "latin1.txt": latin1("Le caf\xe9 est l\xe0, na\xefvement."),
        "russian.txt": latin1("\xc2\xf0\xe5\xec\xff \xe8\xe4\xb8\xf2"),
        "damaged.txt": latin1("caf\xc3\xa9, caf\xe9"),
        "late.txt": latin1("plain ".repeat(50_000) + "caf\xe9"),
        "x.tokens.safetensors": latin1("\x1f\x8b\x08\0\0\0\0\0\0\x03KL"),
        "cut.safetensors": encodeTokenFile(tokenize("to and fro"))
          .subarray(0, -3),
      },
      [
        [
          3,
          ["--corpus=book.txt"],
          "book.txt is a text in UTF-16, not in UTF-8: iconv -f UTF-16 -t UTF-8 " +
          "book.txt > book-utf8.txt converts it",
        ],
        [3, ["--corpus=unmarked.txt"], "iconv -f UTF-16LE -t UTF-8 unmarked"],
        [3, ["--corpus=book.txt.gz"], "gunzip -k book.txt.gz unpacks it"],
        [3, ["--corpus=pointer.txt"], "git lfs pull"],
        [
          3,
          ["--corpus=latin1.txt"],
          "latin1.txt: The text is not UTF-8: no character begins at byte 6. " +
          "It may be Windows-1252 (Latin-1): iconv -f WINDOWS-1252 -t " +
          "UTF-8 latin1.txt > latin1-utf8.txt converts it; --level byte " +
          "--normalize none models the bytes as they are",
        ],
        [3, ["--corpus=late.txt"], "iconv -f WINDOWS-1252"],
        [3, ["--corpus=russian.txt"], "such as WINDOWS-1251 or KOI8-R"],
        [
          3,
          ["--corpus=damaged.txt"],
          "no character begins at byte 10. Everything before that is, so the file is damaged",
        ],
        [3, ["--corpus=x.tokens.safetensors"], "compressed with gzip"],
        [3, ["--corpus=cut.safetensors"], "cut.safetensors: Not a safetensors"],
        [
          3,
          ["--corpus=cut.safetensors"],
          "3 bytes are missing. The file is truncated",
        ],
      ],
    ),
});

Deno.test({
  ...needsCommands("what is no file is told with what to type instead"),
  fn: () =>
    refused(
      { "data/book.txt": "a book", "notes.txt": "notes" },
      [
        [2, ["--corpus=-"], "use --corpus data/text.txt"],
        [
          2,
          ["--corpus=https://u:secret@example.com/a/b.txt"],
          "deno task download --url https://example.com/a/b.txt --sha1 none " +
          "--output data/b.txt, then use --corpus data/b.txt",
        ],
        [2, ["--corpus=ftp://example.com/b"], "or the path of a file"],
        [
          7,
          ["--corpus=data"],
          "data is a folder: --corpus takes one file, such",
        ],
        [
          7,
          ["--corpus=data"],
          "such as data/book.txt. To combine several files",
        ],
        [7, ["--corpus=time_machine"], "did you mean time-machine?"],
        [7, ["--corpus=Sample"], "did you mean sample?"],
        [7, ["--corpus=note.txt"], "did you mean notes.txt?"],
        [7, ["--corpus=data/bok.txt"], "did you mean data/book.txt?"],
        [7, ["--corpus=no/such/text.txt"], "no text (--corpus) at no/such"],
        [
          7,
          ["--corpus=/dev/shm/no.txt"],
          "Copy the text (--corpus) to a file",
        ],
        [7, ["--corpus=/dev/zero"], "is a pipe or a device"],
      ],
    ),
});

Deno.test({
  ...needsCommands(
    "bytes are taken as they are, and what they look like is said",
  ),
  fn: async () => {
    using folder = new TemporaryFolder();
    const write = (name: string, bytes: Uint8Array) =>
      Deno.writeFileSync(`${folder.path}/${name}`, bytes);
    write("wide.txt", latin1("\xff\xfea\0 \0b\0"));
    write("page.txt", latin1("<!DOCTYPE html>\n<p>to and fro</p>"));
    await using tasks = new TaskRunner(folder);
    const ok = async (...args: string[]) => {
      const { code, stderr } = await tasks.run("tokenize", ...args);
      assertEquals(code, 0, stderr);
      return stderr;
    };
    assertStringIncludes(
      await ok("--corpus=wide.txt", "--level=byte"),
      "note: wide.txt is a text in UTF-16",
    );
    assertStringIncludes(
      await ok("--corpus=page.txt"),
      "note: page.txt is an HTML page, so the model will also learn its tags",
    );
  },
});

Deno.test({
  ...needsCommands("a text that is mostly <unk> is refused or noted"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const words = Array.from({ length: 200 }, (_, i) => `w${i}`).join(" ");
    Deno.writeTextFileSync(`${folder.path}/words.txt`, `a a a a a ${words}`);
    Deno.writeTextFileSync(
      `${folder.path}/long.txt`,
      "時間過".repeat(99) + " a",
    );
    Deno.writeFileSync(
      `${folder.path}/none.safetensors`,
      encodeTokenFile(tokenize("abc", { minFrequency: 9 })),
    );
    await using tasks = new TaskRunner(folder);
    const run = async (expected: number, ...args: string[]) => {
      const { code, stdout, stderr } = await tasks.run("tokenize", ...args);
      assertEquals(code, expected, stderr);
      return stdout + stderr;
    };
    const word = ["--corpus=words.txt", "--level=word"];
    assertStringIncludes(
      await run(3, ...word, "--min-frequency=9"),
      "the vocabulary of words.txt contains only <unk>: no word " +
        "occurs often enough. Use a smaller --min-frequency or --level " +
        "char",
    );
    assertStringIncludes(
      await run(3, "--corpus=none.safetensors"),
      "contains only <unk>: no char",
    );
    const most = await run(0, ...word, "--min-frequency=2");
    assertStringIncludes(
      most,
      "note: the text is 98% <unk>, and a model will learn",
    );
    assertStringIncludes(most, "98% <unk>\n");
    assertStringIncludes(
      await run(0, ...word, "--validation=0.3"),
      "note: the held-out part is 100% <unk>",
    );
    assertStringIncludes(
      await run(0, "--corpus=long.txt", "--level=word"),
      "if the text has no spaces between words, --level char is better",
    );
    const cut = await run(0, ...word, "--max-tokens=10");
    assertStringIncludes(
      cut,
      "note: 195 of the vocabulary's 202 tokens are not in the part that " +
        "--max-tokens keeps",
    );
    assert(!(await run(0, ...word)).includes("note:"));
  },
});

Deno.test({
  ...needsCommands(
    "without the bundled tale every task starts, and says it is gone",
  ),
  fn: async () => {
    using folder = new TemporaryFolder();
    for (const part of ["deno.json", "mod.ts", "lib", "kernels", "tasks"]) {
      copy(fromFileUrl(new URL(`../../${part}`, import.meta.url)), part);
    }
    function copy(from: string, to: string): void {
      if (Deno.statSync(from).isFile) {
        return Deno.copyFileSync(from, `${folder.path}/${to}`);
      }
      Deno.mkdirSync(`${folder.path}/${to}`);
      for (const { name } of Deno.readDirSync(from)) {
        copy(`${from}/${name}`, `${to}/${name}`);
      }
    }
    const run = async (task: string, ...args: string[]) => {
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-lock", "--allow-read", `tasks/${task}.ts`, ...args],
        cwd: folder.path,
        env: { NO_COLOR: "1" },
      }).output();
      return [code, new TextDecoder().decode(stderr)] as const;
    };
    assertEquals(await run("runs"), [
      0,
      "there are no runs yet: deno task train creates one\n",
    ]);
    const [code, stderr] = await run("partition", "--corpus=sample");
    assertEquals(code, 7, stderr);
    assertStringIncludes(
      stderr,
      "error: the bundled sample is missing: it belongs",
    );
    assertEquals(stderr.trimEnd().split("\n").length, 1);
  },
});

Deno.test("a text that mixes composed and decomposed letters is told", () => {
  const cases: [text: string, level: Level, mixed: string | undefined][] = [
    ["é e\u0301", "char", "é"],
    ["caf\u00e9 cafe\u0301", "word", "café"],
    ["é e\u0301", "byte", undefined],
    ["e\u0301 a\u0301", "char", undefined],
    ["é è e", "char", undefined],
    ["е\u0301 é", "char", undefined], // a Cyrillic letter, which has no composed form
    ["각 \u1100\u1161\u11a8", "char", undefined], // jamo are letters, no marks
  ];
  for (const [text, level, mixed] of cases) {
    assertEquals(mixedForms(tokenize(text, { level })), mixed, text);
  }
});

Deno.test({
  ...needsCommands(
    "tokenize tells of mixed forms, and never prints a word of 4 MB",
  ),
  fn: async () => {
    using folder = new TemporaryFolder();
    Deno.writeTextFileSync(`${folder.path}/mixed.txt`, "é, e\u0301");
    Deno.writeTextFileSync(`${folder.path}/word.txt`, "x".repeat(4e6));
    await using tasks = new TaskRunner(folder);
    const mixed = await tasks.run("tokenize", "--corpus=mixed.txt");
    assertEquals(
      [mixed.code, mixed.stderr],
      [
        0,
        'note: it has "é" in two forms, as one character and as a ' +
        "letter followed by a mark (U+0065 U+0301), which are different " +
        'tokens: unicodedata.normalize("NFC", text) in Python makes ' +
        "them the same\n",
      ],
    );
    const word = await tasks.run(
      "tokenize",
      "--corpus=word.txt",
      "--level=word",
    );
    assertEquals(word.code, 0, word.stderr);
    assert(word.stdout.length < 400, `${word.stdout.length} characters`);
    assertStringIncludes(word.stdout, 'xxx…" 1\n');
  },
});

Deno.test("a share of <unk> is never rounded to none or all", () => {
  const share = (unknown: number, of: number) =>
    unknownText(Uint8Array.from({ length: of }, (_, i) => i < unknown ? 0 : 1));
  assertEquals(share(0, 10), "");
  assertEquals(share(1, 100_000), "below 0.1% <unk>");
  assertEquals(share(3, 1000), "0.3% <unk>");
  assertEquals(share(123, 1000), "12% <unk>");
  assertEquals(share(9999, 10_000), "above 99% <unk>");
  assertEquals(share(5, 5), "100% <unk>");
});

Deno.test({
  ...needsCommands("download says what came, and what to do with another text"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const pages: Readonly<Record<string, string>> = {
      "/a.txt": "a text of one's own",
      "/page": "<!doctype html><title>Log in</title>",
    };
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      (request) => new Response(pages[new URL(request.url).pathname]),
    );
    const url = `--url=http://127.0.0.1:${server.addr.port}`;
    await using tasks = new TaskRunner(folder);
    const other = await tasks.run("download", `${url}/a.txt`);
    assertEquals(other.code, 6, other.stderr);
    assertStringIncludes(
      other.stderr,
      "For a text other than The Time Machine, use --sha1 none and an --output",
    );
    assertEquals(folder.files(), []);
    const page = await tasks.run(
      ...["download", `${url}/page`, "--sha1=none"] as const,
      "--output=book.txt",
    );
    assertEquals(page.code, 0, page.stderr);
    assertStringIncludes(
      page.stderr,
      "note: book.txt is an HTML page, which a site",
    );
    const at = await tasks.run("download", `${url}/a.txt`, "--output=.");
    assertEquals(at.code, 7, at.stderr);
    assertStringIncludes(
      at.stderr,
      ". is a folder: --output takes a file's path",
    );
  },
});
