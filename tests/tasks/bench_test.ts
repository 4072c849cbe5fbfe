import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { benchTraining } from "../../tasks/bench/minibatch.ts";
import { benchProducts } from "../../tasks/bench/products.ts";
import { canRunCommands, needs } from "../access.ts";
import { withOps } from "../backend/wrap.ts";
import { runTask, TemporaryFolder } from "./command.ts";

const needsCommands = needs(
  "permission to run commands: deno task test",
  canRunCommands(),
);

const TINY = [
  "--device=reference",
  "--hidden-size=6",
  "--batch-size=2",
  "--seconds=0.01",
];

/** What one JSON object of the benchmark holds, as far as it is looked at. */
interface Printed {
  readonly device: string;
  readonly products: readonly { readonly gflops: number }[];
  readonly phases: Readonly<Record<string, number>>;
  readonly training: readonly { readonly tokensPerSecond: number }[];
  readonly generation: readonly { readonly charactersPerSecond: number }[];
}

Deno.test({
  ...needsCommands("bench measures products, phases, training and generation"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const { code, stdout, stderr } = await runTask(
      folder,
      "bench",
      ...TINY,
      "--json",
    );
    assertEquals(code, 0, stderr);
    const printed: Printed = JSON.parse(stdout);
    assertEquals(printed.products.length, 9);
    assertEquals(printed.training.length, 1);
    const rates = [
      ...printed.products.map(({ gflops }) => gflops),
      ...printed.training.map(({ tokensPerSecond }) => tokensPerSecond),
      ...printed.generation.map((one) => one.charactersPerSecond),
    ];
    assert(rates.every((rate) => rate > 0), stdout);
    assertEquals(Object.keys(printed.phases), [
      "hiddenSize",
      "batchSize",
      "numSteps",
      "forward",
      "head",
      "backward",
      "weightGradients",
      "update",
    ]);
    const table = await runTask(folder, "bench", ...TINY);
    assertStringIncludes(table.stdout, "weight gradients");
  },
});

Deno.test({
  ...needsCommands("bench --peer alternates with another program"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const peer = `echo '{"variant":"a","tokens_per_second":10}'; ` +
      `echo not JSON; echo '{"tokens_per_second":20}'`;
    const { code, stdout, stderr } = await runTask(
      folder,
      "bench",
      ...TINY,
      `--peer=${peer}`,
      "--rounds=2",
      "--json",
    );
    assertEquals(code, 0, stderr);
    const { pairs, variants } = JSON.parse(stdout);
    assertEquals(pairs.length, 4);
    assertEquals(variants.map((one: { variant: string }) => one.variant), [
      "a",
      "peer",
    ]);
    for (const { weena, peer, ratio } of pairs) {
      assertEquals(ratio, weena / peer);
    }

    const bad = await runTask(folder, "bench", ...TINY, "--peer=exit 3");
    assertEquals(bad.code, 1);
    assertStringIncludes(bad.stderr, "the command ended with 3 and 0 lines");
  },
});

Deno.test("bench refuses to time what is wrong", async () => {
  using backend = openReference();
  const wrong = withOps(backend, (ops) => ({
    linear(tensors) {
      ops.linear(tensors);
      ops.fill({ tensor: tensors.output, value: 0 });
    },
    rnnBackward(tensors) {
      ops.rnnBackward(tensors);
      ops.fill({ tensor: tensors.dWeight, value: 1 });
    },
  }));
  await assertRejects(
    () => benchProducts(wrong, { rows: 2, I: 3, O: 4 }, 0.01),
    Error,
    "not worth timing",
  );
  const sizes = { hiddenSize: 4, batchSize: 2, numSteps: 3 };
  await assertRejects(
    () => benchTraining(wrong, sizes, 0.01),
    Error,
    "not worth timing",
  );
});
