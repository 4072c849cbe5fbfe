import { assert, assertEquals, assertThrows } from "@std/assert";
import { EpochLines, readEpochLines } from "../../tasks/cli/epoch_lines.ts";
import { TaskError } from "../../tasks/cli/exit.ts";
import { canRunCommands, needs } from "../access.ts";
import { TemporaryFolder } from "./command.ts";

const needsFiles = needs(
  "permission to write files: deno task test",
  canRunCommands(),
);

const line = (epoch: number) => `{"epoch":${epoch}}\n`;

Deno.test({
  ...needsFiles(
    "lines of later epochs and what is no line go, all others stay",
  ),
  fn: async () => {
    using folder = new TemporaryFolder();
    const path = `${folder.path}/metrics.jsonl`;
    for (
      const [text, kept] of [
        ["", []],
        [line(1) + line(2) + line(3), [1, 2]],
        [line(1) + "\n" + line(2), [1, 2]],
        ["\n" + line(1) + "not JSON\n" + line(2) + line(3), [1, 2]],
        [line(1) + "[]\n" + '{"epoch":"2"}\n' + line(2) + '{"epo', [1, 2]],
        ['{"epoch":9}', []],
      ] as const
    ) {
      Deno.writeTextFileSync(path, text);
      const read = await readEpochLines(path);
      {
        using lines = new EpochLines(path, 2);
        lines.append(line(3));
        lines.sync();
      }
      const whole = [...kept, 3].map(line).join("");
      assertEquals(Deno.readTextFileSync(path), whole, JSON.stringify(text));
      // Readers pass over what is no line, too.
      const epochs = read.map(({ epoch }) => epoch).filter((one) => one <= 2);
      assertEquals(epochs, [...kept]);
      assertEquals(folder.files(), ["metrics.jsonl"]);
    }
  },
});

Deno.test({
  ...needsFiles("a line that could not be written is written with the next"),
  fn: () => {
    using folder = new TemporaryFolder();
    const path = `${folder.path}/metrics.jsonl`;
    using lines = new EpochLines(path, 0);
    lines.append(line(1));
    const { writeSync } = Deno.FsFile.prototype;
    let isFull = true;
    Deno.FsFile.prototype.writeSync = function (bytes) {
      if (!isFull) return writeSync.call(this, bytes);
      if (bytes.length > 3) return writeSync.call(this, bytes.subarray(0, 3));
      throw Object.assign(new Error("full"), { code: "ENOSPC" });
    };
    try {
      const error = assertThrows(
        () => lines.append("{}\n".repeat(2)),
        TaskError,
        `cannot write ${path}: the disk is full`,
      );
      assertEquals(error.exitCode, 7);
      assertEquals(Deno.readTextFileSync(path), line(1), "nothing torn");
      assertThrows(() => lines.sync(), TaskError);
      isFull = false;
      lines.append(line(3));
    } finally {
      Deno.FsFile.prototype.writeSync = writeSync;
    }
    assertEquals(
      Deno.readTextFileSync(path),
      line(1) + "{}\n".repeat(2) + line(3),
    );
  },
});

Deno.test({
  ...needsFiles(
    "a file that was removed or replaced is noticed and written anew",
  ),
  ignore: needsFiles("").ignore || Deno.build.os === "windows",
  fn: () => {
    using folder = new TemporaryFolder();
    const path = `${folder.path}/metrics.jsonl`;
    using lines = new EpochLines(path, 0);
    lines.append(line(1));
    assert(lines.isInPlace());
    Deno.removeSync(path);
    assert(!lines.isInPlace());
    lines.append(line(2));
    lines.rewrite();
    assertEquals(Deno.readTextFileSync(path), line(1) + line(2));
    Deno.writeTextFileSync(`${folder.path}/other`, "other\n");
    Deno.renameSync(`${folder.path}/other`, path);
    assert(!lines.isInPlace());
    lines.rewrite();
    lines.append(line(3));
    assertEquals(Deno.readTextFileSync(path), [1, 2, 3].map(line).join(""));
    assertEquals(folder.files(), ["metrics.jsonl"]);
  },
});
