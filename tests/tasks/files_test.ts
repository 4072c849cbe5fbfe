import { assertEquals, assertRejects } from "@std/assert";
import { writeWhole } from "../../tasks/cli/files.ts";
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
