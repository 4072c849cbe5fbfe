import { assertEquals, assertStringIncludes } from "@std/assert";
import { parseJson } from "../../lib/json_value.ts";
import { partition } from "../../lib/partition.ts";
import { decodeModel } from "../../lib/training/checkpoint.ts";
import { EXIT } from "../../tasks/cli/exit.ts";
import { describeError } from "../../tasks/cli/run_task.ts";

/** How a task ends that does this. */
async function ending(action: () => unknown) {
  try {
    await action();
  } catch (error) {
    return describeError(error);
  }
  throw new Error("nothing was thrown");
}

Deno.test("a setting, a text or a file that cannot be used is the user's", async () => {
  const inputs = [
    () => partition(new Uint8Array(9), { batchSize: 0 }),
    () => partition(new Uint8Array(9)),
    () => parseJson("{"),
    () => decodeModel(new Uint8Array(9)),
  ];
  for (const input of inputs) {
    assertEquals((await ending(input)).code, EXIT.input, `${input}`);
  }
});

Deno.test("an error of the platform is a fault of the program", async () => {
  const deeper = (): number => 1 + deeper();
  const overflow = await ending(deeper);
  assertEquals(overflow.code, EXIT.failure);
  assertStringIncludes(overflow.message, "call stack");
  for (
    const fault of [
      () => JSON.parse("{"),
      () => new Array(-1),
      () => "a".repeat(-1),
      () => (undefined as unknown as string).length,
    ]
  ) {
    assertEquals((await ending(fault)).code, EXIT.failure, `${fault}`);
  }
});
