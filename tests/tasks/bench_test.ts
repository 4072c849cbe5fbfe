import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import type { Tensor } from "../../lib/backend/backend.ts";
import { type Ops, SIGNATURES } from "../../lib/backend/ops.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { CELL_NAMES, type CellName } from "../../lib/model/cells.ts";
import { benchGeneration } from "../../tasks/bench/generation.ts";
import { phasesOf, withCalls } from "../../tasks/bench/phases.ts";
import { benchProducts } from "../../tasks/bench/products.ts";
import { benchTraining } from "../../tasks/bench/training.ts";
import { TrainingModel } from "../../tasks/bench/training_model.ts";
import { needsCommands } from "../access.ts";
import { withOps } from "../backend/wrap.ts";
import { runTask, TemporaryFolder } from "./command.ts";

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
  readonly phases: Readonly<Record<string, number | string>>;
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
      "cell",
      "hiddenSize",
      "batchSize",
      "numSteps",
      "forward",
      "head",
      "backward",
      "weightGradients",
      "update",
      "carry",
    ]);
    for (const cell of CELL_NAMES) {
      const table = await runTask(folder, "bench", ...TINY, `--cell=${cell}`);
      assertStringIncludes(table.stdout, "weight gradients");
      assertStringIncludes(table.stdout, `a minibatch: ${cell}, hidden 6`);
    }
  },
});

Deno.test({
  ...needsCommands("bench --peer alternates with another program"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const variant = "$CELL $HIDDEN_SIZE $BATCH_SIZE $NUM_STEPS";
    const peer = `echo "{\\"variant\\":\\"${variant}\\",` +
      `\\"tokens_per_second\\":10}"; ` +
      `echo not JSON; echo '{"tokens_per_second":20}'`;
    const { code, stdout, stderr } = await runTask(
      folder,
      "bench",
      ...TINY,
      `--peer=${peer}`,
      "--cell=lstm",
      "--rounds=2",
      "--json",
    );
    assertEquals(code, 0, stderr);
    const { pairs, variants } = JSON.parse(stdout);
    assertEquals(pairs.length, 4);
    assertEquals(variants.map((one: { variant: string }) => one.variant), [
      "lstm 6 2 35",
      "peer",
    ]);
    for (const { weena, peer, ratio } of pairs) {
      assertEquals(ratio, weena / peer);
    }

    const bad = await runTask(folder, "bench", ...TINY, "--peer=exit 3");
    assertEquals(bad.code, 3);
    assertStringIncludes(bad.stderr, "the command ended with 3 and 0 lines");
  },
});

Deno.test("the phases of bench have every op of a minibatch once", () => {
  using backend = openReference();
  for (const cell of CELL_NAMES) {
    const { backend: noting, calls } = withCalls(backend);
    const sizes = { cell, hiddenSize: 4, batchSize: 2, numSteps: 3 };
    using model = new TrainingModel(noting, sizes);
    calls.length = 0;
    model.minibatch();
    const phases = phasesOf(calls, cell);
    assertEquals(
      Object.fromEntries(
        Object.entries(phases).map(([phase, calls]) => [
          phase,
          calls.map(({ op }) => op),
        ]),
      ),
      {
        forward: ["oneHotLinear", cell],
        head: ["head"],
        backward: [`${cell}Backward`],
        weightGradients: ["weightGradients"],
        update: ["finish"],
        carry: cell === "lstm" ? ["carry", "carry"] : ["carry"],
      },
    );
    assertEquals(new Set(Object.values(phases).flat()), new Set(calls));
    const strange = { op: "dropout", tensors: {}, repeat: () => {} };
    assertThrows(
      () => phasesOf([...calls, strange], cell),
      TypeError,
      "The op dropout belongs to no phase",
    );
  }
});

Deno.test("bench refuses to time what is wrong", async () => {
  using backend = openReference();
  const refuses = (run: () => Promise<unknown>) =>
    assertRejects(run, Error, "not worth timing");
  const wrongly = (replace: (ops: Ops) => Partial<Ops>) =>
    withOps(backend, replace);

  const wrong = wrongly((ops) => ({
    linear(tensors) {
      ops.linear(tensors);
      ops.fill({ tensor: tensors.output, value: 0 });
    },
  }));
  await refuses(() => benchProducts(wrong, { rows: 2, I: 3, O: 4 }, 0.01));
  const wrongBackward = (cell: CellName, gradient: string) =>
    wrongly((ops) => {
      const op = `${cell}Backward` as const;
      const run = ops[op] as unknown as (given: object) => void;
      return {
        [op](tensors: Readonly<Record<string, Tensor>>) {
          run(tensors);
          ops.fill({ tensor: tensors[gradient], value: 1 });
        },
      };
    });
  const random = wrongly((ops) => ({
    sample({ logits, tokens }) {
      ops.sample({ logits, tokens });
      ops.fill({ tensor: logits, value: 0 });
      ops.sample({ logits, tokens }); // always the first
    },
  }));
  for (const cell of CELL_NAMES) {
    const sizes = { cell, hiddenSize: 4, batchSize: 2, numSteps: 3 };
    await benchTraining(backend, sizes, 0.01);
    for (const gradient of Object.keys(SIGNATURES[`${cell}Backward`].tensors)) {
      if (!/^d(?:Weight|\w*Bias)$/.test(gradient)) continue;
      const wrong = wrongBackward(cell, gradient);
      await refuses(() => benchTraining(wrong, sizes, 0.01));
    }
    await benchGeneration(backend, cell, 4, 0.01);
    await refuses(() => benchGeneration(random, cell, 4, 0.01));
  }
});
