import { assert, assertEquals, assertRejects } from "@std/assert";
import { TaskError } from "../../tasks/cli/exit.ts";
import { Output } from "../../tasks/cli/output.ts";

/** A stream that takes so many bytes at a time, each once `mayWrite` says so. */
class Slow {
  text = "";
  readonly #most: number;
  readonly #mayWrite: () => Promise<void>;

  constructor(most: number, mayWrite: () => Promise<void> = async () => {}) {
    this.#most = most;
    this.#mayWrite = mayWrite;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#mayWrite();
    const part = bytes.subarray(0, this.#most);
    this.text += new TextDecoder().decode(part);
    return part.length;
  }
}

Deno.test("text is written in order and whole, however little a stream takes", async () => {
  const stream = new Slow(3);
  const output = new Output("stdout", () => stream);
  for (const text of ["one ", "", "two ", "three"]) output.write(text);
  assert(output.isWaiting);
  await output.drained();
  assertEquals(stream.text, "one two three");
  assert(!output.isWaiting);
});

Deno.test("a stream that is not ready is tried again", async () => {
  let tries = 0;
  const stream = new Slow(4, () => {
    if (++tries % 3 === 0) return Promise.resolve();
    return Promise.reject(new Deno.errors.WouldBlock("os error 11"));
  });
  const output = new Output("stdout", () => stream);
  output.write("all of it arrives");
  await output.drained();
  assertEquals(stream.text, "all of it arrives");
});

Deno.test("a reader that does not read holds nothing up", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stream = new Slow(1e9, () => promise);
  const output = new Output("stderr", () => stream);
  output.write("a");
  assert(!output.isBehind);
  output.write("b".repeat(20_000));
  assert(output.isBehind, "what nobody misses can be left out now");
  resolve();
  await output.drained();
  assert(!output.isBehind);
  assertEquals(stream.text.length, 20_001);
});

Deno.test("a stream that fails says why, once, and takes no more", async () => {
  const noSpace = Object.assign(new Error("No space left on device"), {
    code: "ENOSPC",
  });
  for (
    const [error, code, message] of [
      [new Deno.errors.BrokenPipe("os error 32"), 141, "nothing reads stdout"],
      [noSpace, 7, "cannot write to stdout: the disk is full"],
    ] as const
  ) {
    let writes = 0;
    const stream = {
      write: () => {
        writes++;
        return Promise.reject(error);
      },
    };
    const output = new Output("stdout", () => stream);
    output.write("a");
    output.write("b");
    const thrown = await assertRejects(
      () => output.drained(),
      TaskError,
      message,
    );
    assertEquals(thrown.exitCode, code);
    assert(output.failure.aborted && output.failure.reason === thrown);
    output.write("c");
    await assertRejects(() => output.drained(), TaskError);
    assertEquals(writes, 1);
  }
});

Deno.test("texts on two streams are written in the order in which they came", async () => {
  const written: string[] = [];
  const stream = (turns: number) => ({
    write: async (bytes: Uint8Array) => {
      for (let i = 0; i < turns; i++) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      written.push(new TextDecoder().decode(bytes));
      return bytes.length;
    },
  });
  const streams = [stream(0), stream(3)], outputs: Output[] = [];
  const [fast, slow] = streams.map((one) =>
    new Output("stdout", () => one, outputs)
  );
  for (let i = 0; i < 10; i++) (i % 3 === 1 ? fast : slow).write(`${i}`);
  await Promise.all([fast.drained(), slow.drained()]);
  assertEquals(written.join(""), "0123456789");
  // One that is held up does not hold up the other for long.
  const stuck = new Output(
    "stderr",
    () => ({ write: () => new Promise<number>(() => {}) }),
    outputs,
  );
  stuck.write("nothing reads this");
  fast.write("10");
  await fast.drained();
  assertEquals(written.at(-1), "10");
});
