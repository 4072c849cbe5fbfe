import { assertEquals, assertStringIncludes } from "@std/assert";
import { decodeSafetensors, encodeSafetensors } from "../../lib/safetensors.ts";
import { needsCommands } from "../access.ts";
import { TaskRunner, TemporaryFolder } from "./command.ts";
import { writeModel } from "./model.ts";

Deno.test({
  ...needsCommands(
    "import: a count of steps in the file is left out, with a word",
  ),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = new TaskRunner(folder);
    await writeModel(folder, "the time");
    const path = `${folder.path}/model.safetensors`;
    const { tensors } = decodeSafetensors(Deno.readFileSync(path));
    const counted = new Map(tensors);
    counted.set("num_batches_tracked", { shape: [], data: Uint32Array.of(3) });
    const bytes = encodeSafetensors({ tensors: counted, metadata: new Map() });
    Deno.writeFileSync(`${folder.path}/counted.safetensors`, bytes);
    const { code, stderr, stdout } = await tasks.run(
      ...["import", "counted.safetensors"] as const,
      "--vocabulary=model.safetensors",
    );
    assertEquals(code, 0, stderr);
    assertEquals(
      stderr,
      "note: left out, because they are whole numbers and not weights: num_batches_tracked\n",
    );
    assertStringIncludes(stdout, "run counted-1: ");
  },
});

/** A function that writes a file of bytes, given as characters below 256. */
function byteWriter(folder: TemporaryFolder) {
  return (name: string, bytes: string) =>
    Deno.writeFileSync(
      `${folder.path}/${name}`,
      Uint8Array.from(bytes, (c) => c.charCodeAt(0)),
    );
}

Deno.test({
  ...needsCommands("a file that is no model is named with its path"),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = new TaskRunner(folder);
    await writeModel(folder, "the time");
    const write = byteWriter(folder);
    write("w.gz", "\x1f\x8b\x08\0\0\0\0\0\0\x03KL");
    write("page.safetensors", "<!doctype html><title>Log in</title>");
    write("lfs.safetensors", "version https://git-lfs.github.com/spec/v1\n");
    write("wide.json", '\xff\xfe[\0"\0a\0"\0]\0');
    const vocabulary = "--vocabulary=model.safetensors";
    const cases = [
      ["inspect", ["w.gz"], "w.gz is compressed with gzip: gunzip -k w.gz"],
      ["inspect", ["page.safetensors"], "page.safetensors is an HTML page"],
      ["import", ["w.gz", vocabulary], "w.gz is compressed with gzip"],
      ["import", ["lfs.safetensors", vocabulary], "git lfs pull downloads it"],
      [
        "import",
        ["model.safetensors", "--vocabulary=wide.json"],
        "wide.json is a text in UTF-16, not in UTF-8: iconv -f UTF-16",
      ],
      [
        "generate",
        ["--checkpoint=page.safetensors", "--prefix=t"],
        "page.safetensors is an HTML page",
      ],
      [
        "generate",
        ["--checkpoint=w.gz", "--prefix=t"],
        "w.gz is compressed with gzip: gunzip -k w.gz unpacks it",
      ],
    ] as const;
    const before = folder.files();
    for (const [task, args, said] of cases) {
      const { code, stdout, stderr } = await tasks.run(task, ...args);
      assertEquals([code, stdout], [3, ""], stderr);
      assertStringIncludes(stderr, said);
      assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
    }
    const folders = await tasks.run("import", ".", vocabulary);
    assertEquals(folders.code, 7);
    assertStringIncludes(folders.stderr, ". is a folder, not a model");
    assertEquals(folder.files(), before);
  },
});

Deno.test({
  ...needsCommands("inspect takes a run's name, its folder, or a file"),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = new TaskRunner(folder);
    await writeModel(folder, "the time");
    const run = `${folder.path}/data/runs/book-1`;
    Deno.mkdirSync(run, { recursive: true });
    Deno.copyFileSync(
      `${folder.path}/model.safetensors`,
      `${run}/model.safetensors`,
    );
    const file = "data/runs/book-1/model.safetensors";
    for (
      const word of ["book-1", "data/runs/book-1", "data/runs/book-1/", file]
    ) {
      const { code, stdout, stderr } = await tasks.run("inspect", word);
      assertEquals(code, 0, stderr);
      assertStringIncludes(stdout, `${file}, a model that was imported`);
    }
    for (
      const [word, code, said] of [
        ["book", 7, "neither a file nor a run book: did you mean book-1?"],
        ["bok-1", 7, "did you mean book-1?"],
        ["data", 7, "data is a folder, not a safetensors file"],
      ] as const
    ) {
      const finished = await tasks.run("inspect", word);
      assertEquals(finished.code, code, finished.stderr);
      assertStringIncludes(finished.stderr, said);
    }
  },
});

Deno.test({
  ...needsCommands("score: a file that is no text is named with its path"),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = new TaskRunner(folder);
    await writeModel(folder, "the time");
    const write = byteWriter(folder);
    write("wide.txt", "\xff\xfet\0h\0e\0");
    write("latin1.txt", "the caf\xe9");
    write("book.gz", "\x1f\x8b\x08\0\0\0\0\0\0\x03KL");
    for (
      const [file, code, said] of [
        ["wide.txt", 3, "wide.txt is a text in UTF-16, not in UTF-8: iconv"],
        [
          "latin1.txt",
          3,
          "latin1.txt: The text is not UTF-8: no character begins at byte 7",
        ],
        ["book.gz", 3, "book.gz is compressed with gzip: gunzip -k book.gz"],
        [".", 7, ". is a folder, not a text"],
      ] as const
    ) {
      const checkpoint = "--checkpoint=model.safetensors";
      const finished = await tasks.run("score", file, checkpoint);
      assertEquals([finished.code, finished.stdout], [code, ""]);
      assertStringIncludes(finished.stderr, said);
      assertEquals(finished.stderr.trimEnd().split("\n").length, 1);
    }
  },
});
