import { assertEquals, assertRejects } from "@std/assert";
import { streamWanted, writeWhole } from "../../tasks/cli/files.ts";
import { TaskError } from "../../tasks/cli/exit.ts";
import { canRunCommands, needs } from "../access.ts";
import { TemporaryFolder } from "./command.ts";

const needsFiles = needs(
  "permission to write files: deno task test",
  canRunCommands(),
);

Deno.test({
  ...needsFiles(
    "a file is on the disk before it has its name, and then its name is",
  ),
  ignore: needsFiles("").ignore || Deno.build.os === "windows",
  fn: async () => {
    using folder = new TemporaryFolder();
    const { rename } = Deno;
    const { sync } = Deno.FsFile.prototype;
    const calls: string[] = [];
    Deno.FsFile.prototype.sync = function () {
      calls.push("sync");
      return sync.call(this);
    };
    Deno.rename = (from, to) => {
      calls.push("rename");
      return rename(from, to);
    };
    try {
      await writeWhole(`${folder.path}/new/x.bin`, new Uint8Array([1, 2, 3]));
    } finally {
      Deno.FsFile.prototype.sync = sync;
      Deno.rename = rename;
    }
    assertEquals(calls, ["sync", "rename", "sync"]);
    assertEquals(folder.files(), ["new/x.bin"]);
  },
});

Deno.test({
  ...needsFiles(
    "a file system that cannot sync folders, or not even open them, is no failure",
  ),
  fn: async () => {
    using folder = new TemporaryFolder();
    const path = `${folder.path}/x.bin`;
    const { open } = Deno;
    const { sync } = Deno.FsFile.prototype;
    const unable = Object.assign(new Error("os error 22"), { code: "EINVAL" });
    try {
      let syncs = 0;
      Deno.FsFile.prototype.sync = function () {
        return ++syncs % 2 === 0 ? Promise.reject(unable) : sync.call(this);
      };
      await writeWhole(path, Uint8Array.of(1));
      assertEquals(syncs, 2);
      Deno.FsFile.prototype.sync = sync;
      Deno.open = (path, options) =>
        options ? open(path, options) : Promise.reject(unable);
      await writeWhole(path, Uint8Array.of(2));
    } finally {
      Deno.FsFile.prototype.sync = sync;
      Deno.open = open;
    }
    assertEquals(Deno.readFileSync(path), Uint8Array.of(2));
    assertEquals(folder.files(), ["x.bin"]);
  },
});

Deno.test({
  ...needsFiles("what was left of writing a file goes once it is old"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const left = (name: string) => `.${name}.${crypto.randomUUID()}.tmp`;
    const old = new Date(Date.now() - 7_200_000);
    const names = [left("x.bin"), left("x.bin"), left("y.bin")];
    for (const name of names) {
      Deno.writeTextFileSync(`${folder.path}/${name}`, "");
    }
    for (const name of [names[0], names[2]]) {
      Deno.utimeSync(`${folder.path}/${name}`, old, old);
    }
    await writeWhole(`${folder.path}/x.bin`, Uint8Array.of(1));
    assertEquals(folder.files(), [names[1], names[2], "x.bin"].sort());
  },
});

Deno.test({
  ...needsFiles("a file that cannot be put in place leaves nothing behind"),
  fn: async () => {
    using folder = new TemporaryFolder();
    Deno.mkdirSync(`${folder.path}/taken/within`, { recursive: true });
    await assertRejects(
      () => writeWhole(`${folder.path}/taken`, new Uint8Array(3)),
      Error,
    );
    assertEquals(folder.files(), []);
  },
});

Deno.test({
  ...needsFiles("a file is written from parts, one behind the other"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const path = `${folder.path}/x.bin`;
    const ids = Uint8Array.of(0, 3, 4, 5, 0);
    await writeWhole(path, [
      Uint8Array.of(1, 2),
      new Uint8Array(),
      ids.subarray(1, 4),
    ]);
    assertEquals([...Deno.readFileSync(path)], [1, 2, 3, 4, 5]);
    await writeWhole(path, []);
    assertEquals(Deno.readFileSync(path).length, 0);
  },
});

Deno.test({
  ...needsFiles("a file of any size is read piece by piece"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const path = `${folder.path}/x.bin`;
    for (const size of [0, 1, 1_000_000]) {
      const bytes = Uint8Array.from({ length: size }, (_, i) => i % 251);
      Deno.writeFileSync(path, bytes);
      const read = new Uint8Array(size);
      let at = 0, pieces = 0;
      for await (const piece of streamWanted(path, "text")) {
        read.set(piece, at);
        at += piece.length;
        pieces++;
      }
      assertEquals([at, read], [size, bytes]);
      assertEquals(pieces > 1, size > 1);
    }
  },
});

Deno.test({
  ...needsFiles("a file that cannot be read is one clear line"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const read = async (path: string) => {
      for await (const _ of streamWanted(path, "text (--corpus)"));
    };
    await assertRejects(
      () => read(`${folder.path}/none`),
      TaskError,
      `there is no text (--corpus) at ${folder.path}/none`,
    );
    await assertRejects(
      () => read(folder.path),
      TaskError,
      `cannot read text (--corpus) at ${folder.path}: `,
    );
  },
});
