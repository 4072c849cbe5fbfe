/**
 * A model on a backend against values from PyTorch.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Backend } from "../../lib/backend/backend.ts";
import type { Activation } from "../../lib/backend/ops.ts";
import type { ModelConfig } from "../../lib/model/config.ts";
import { LanguageModel } from "../../lib/model/language_model.ts";
import type { CellName } from "../../lib/model/cells.ts";
import type { Parameters } from "../../lib/model/parameters.ts";
import { fromStateDict, toStateDict } from "../../lib/model/state_dict.ts";
import type { StoredTensor } from "../../lib/safetensors.ts";
import { Optimizer } from "../../lib/training/optimizer.ts";
import { canRead, env } from "../access.ts";
import gru1 from "../golden/gru_1layer.json" with { type: "json" };
import gru2 from "../golden/gru_2layer.json" with { type: "json" };
import lstm1 from "../golden/lstm_1layer.json" with { type: "json" };
import lstm2 from "../golden/lstm_2layer.json" with { type: "json" };
import rnn1 from "../golden/rnn_1layer.json" with { type: "json" };
import rnn2 from "../golden/rnn_2layer.json" with { type: "json" };
import rnnOdd from "../golden/rnn_odd_sizes.json" with { type: "json" };
import rnnRelu from "../golden/rnn_relu.json" with { type: "json" };
import { testOn } from "../backend/test_on.ts";

/** A nested list of numbers, of any depth. */
type Nested = number | readonly Nested[];

/** A file of values: see golden/README.md. */
interface GoldenCase {
  readonly name: string;
  readonly cell: string;
  readonly activation?: string;
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly num_layers: number;
  readonly batch_size: number;
  readonly num_steps: number;
  readonly learning_rate: number;
  readonly clip_norm: number;
  readonly initial_parameters: GoldenParameters;
  readonly steps: readonly GoldenStep[];
  readonly final_parameters: GoldenParameters;
  readonly final_state: {
    readonly h: { readonly data: Nested };
    readonly c?: { readonly data: Nested };
  };
  readonly greedy: {
    readonly prefix: readonly number[];
    readonly output: readonly number[];
  };
}

type GoldenParameters = Readonly<
  Record<
    string,
    { readonly shape: readonly number[]; readonly data: Nested } | undefined
  >
>;

interface GoldenStep {
  readonly inputs: readonly (readonly number[])[]; // [batch][time]
  readonly targets: readonly (readonly number[])[]; // [batch][time]
  readonly loss: number;
  readonly grad_norm: number;
  readonly logits?: { readonly data: Nested };
  readonly gradients_before_clipping?: GoldenParameters;
}

/** Unit roundoff of float32. */
const U = 2 ** -24;

/**
 * Distance to PyTorch's float64. In float64 only the order of sums differs, and
 * the files give 12 digits. In float32, T steps round sums of H + V numbers below 4
 * in each term, tanh (below 1e-6 by the contract of the backends) adds to each,
 * and three updates carry what came before along.
 */
export function goldenTolerance(
  precision: "float64" | "float32",
  { num_steps: T, hidden_size: H, vocab_size: V }: GoldenCase,
): number {
  if (precision === "float64") return 1e-9;
  return 3 * T * ((H + V) * 4 * U + 1e-6);
}

/** The files beside this one's folder. */
const CASES: readonly GoldenCase[] = [
  rnn1,
  rnn2,
  rnnOdd,
  rnnRelu,
  gru1,
  gru2,
  lstm1,
  lstm2,
];

/** Tests a backend on the files here and on those in the folder GOLDEN_DIR. */
export function testGolden(
  name: string,
  open: () => Backend | Promise<Backend>,
  precision: "float64" | "float32",
  ignore?: string,
): void {
  for (const golden of [...CASES, ...extraCases()]) {
    testOn(
      { name, open, ignore },
      `${golden.name} is PyTorch's`,
      async (backend) => {
        await runGolden(golden, backend, goldenTolerance(precision, golden));
      },
    );
  }
}

/** The files in GOLDEN_DIR that are cases of this kind. */
function extraCases(): GoldenCase[] {
  const folder = env("GOLDEN_DIR");
  if (!folder || !canRead(folder)) return [];
  return [...Deno.readDirSync(folder)]
    .map(({ name }) => name)
    .filter((name) =>
      /^(?:rnn|gru|lstm)_.*\.json$|_\d+layer.*\.json$/.test(name)
    )
    .sort()
    .map((name) => {
      const golden = JSON.parse(Deno.readTextFileSync(`${folder}/${name}`));
      return { ...golden, name: `GOLDEN_DIR/${golden.name}` };
    });
}

async function runGolden(
  golden: GoldenCase,
  backend: Backend,
  tolerance: number,
): Promise<void> {
  const config: ModelConfig = {
    cell: golden.cell as CellName,
    activation: (golden.activation ?? "tanh") as Activation,
    vocabularySize: golden.vocab_size,
    hiddenSize: golden.hidden_size,
    numLayers: golden.num_layers,
  };
  const { batch_size: batchSize, num_steps: numSteps } = golden;
  const near = (what: string, actual: Iterable<number>, expected: Nested) =>
    assertNear(`${golden.name}: ${what}`, actual, expected, tolerance);
  const nearAll = (what: string, actual: Parameters, all: GoldenParameters) => {
    const dict = toStateDict(config, actual);
    assertEquals([...dict.keys()].sort(), Object.keys(all).sort());
    for (const [name, { data }] of dict) {
      near(`${what} ${name}`, data, all[name]!.data);
    }
  };

  using model = new LanguageModel(backend, config, {
    batchSize,
    numSteps,
    trains: true,
  });
  const initial = stateDict(golden.initial_parameters);
  model.write(fromStateDict(config, initial));
  using optimizer = new Optimizer(backend, model, {
    optimizer: "sgd",
    weightDecay: 0,
    clipNorm: golden.clip_norm,
    clipValue: 0,
  });
  const inputs = backend.allocate([numSteps, batchSize], "u32");
  const targets = backend.allocate([numSteps, batchSize], "u32");
  const loss = backend.allocate([]), norm = backend.allocate([]);
  for (const [i, step] of golden.steps.entries()) {
    backend.write(inputs, timeMajor(step.inputs));
    backend.write(targets, timeMajor(step.targets));
    const logits = model.forward(inputs);
    model.loss(targets, loss);
    model.backward(inputs);
    model.carryState();
    const { learning_rate: learningRate } = golden;
    optimizer.update(norm, { learningRate, updates: i + 1 });
    near(`loss ${i}`, await backend.read(loss), step.loss);
    near(`gradient norm ${i}`, await backend.read(norm), step.grad_norm);
    if (step.logits) {
      near("logits", await backend.read(logits), step.logits.data);
    }
    if (step.gradients_before_clipping) {
      const gradients = await model.readGradients();
      nearAll("gradient of", gradients, step.gradients_before_clipping);
    }
  }
  nearAll("final", await model.read(), golden.final_parameters);
  for (const [name, values] of await model.readStates()) {
    near(`final state ${name}`, values, golden.final_state[name]!.data);
  }
  const { prefix, output } = golden.greedy;
  assertEquals(
    await continueGreedily(model, backend, config, prefix, output.length),
    output,
  );
}

/** Ids of the prefix and of what the model goes on with, from the zero state. */
async function continueGreedily(
  trained: LanguageModel,
  backend: Backend,
  config: ModelConfig,
  prefix: readonly number[],
  length: number,
): Promise<number[]> {
  using model = new LanguageModel(backend, config, {
    batchSize: 1,
    numSteps: 1,
  });
  model.write(await trained.read());
  const tokens = backend.allocate([length, 1, 1], "u32");
  backend.write(tokens.view(0, [prefix.length]), prefix);
  for (let i = 0; i + 1 < length; i++) {
    const logits = model.forward(tokens.at(i)).at(0);
    model.carryState();
    if (i + 1 < prefix.length) continue;
    backend.ops.sample({ logits, tokens: tokens.at(i + 1).at(0) });
  }
  return [...await backend.read(tokens)];
}

/** What PyTorch's `state_dict` was. */
function stateDict(given: GoldenParameters): Map<string, StoredTensor> {
  return new Map(
    Object.entries(given).map(([name, values]) => [name, {
      shape: values!.shape,
      data: Float64Array.from(flat(values!.data)),
    }]),
  );
}

function timeMajor(rows: readonly (readonly number[])[]): number[] {
  return rows[0].flatMap((_, t) => rows.map((row) => row[t]));
}

function flat(nested: Nested): number[] {
  return typeof nested === "number" ? [nested] : nested.flatMap(flat);
}

function assertNear(
  what: string,
  actual: Iterable<number>,
  expected: Nested,
  tolerance: number,
): void {
  const found = [...actual], wanted = flat(expected);
  assertEquals(found.length, wanted.length, `${what}: number of values`);
  for (const [i, value] of found.entries()) {
    if (Math.abs(value - wanted[i]) <= tolerance) continue;
    throw new Error(
      `${what}[${i}] is ${value}, expected ${wanted[i]} within ${tolerance}`,
    );
  }
}
