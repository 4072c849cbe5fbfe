import { assertEquals, assertRejects } from "@std/assert";
import type { Tensor } from "../../lib/backend/backend.ts";
import { OP_NAMES } from "../../lib/backend/compiled_op.ts";
import type { Ops, WeightGradients } from "../../lib/backend/ops.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { CELL_NAMES, type CellName } from "../../lib/model/cells.ts";
import type { ModelConfig } from "../../lib/model/config.ts";
import { elements, withOps } from "../backend/wrap.ts";
import { checkModel, checkOp, type OpCase } from "./gradient_check.ts";

// Sizes all different, so that no two can be mixed up.
const T = 4, B = 2, H = 3, I = 6, V = 5;

const RECURRENT = (["tanh", "relu"] as const).map((activation): OpCase => ({
  name: `rnn, ${activation}`,
  variables: { input: [T, B, H], weight: [H, H], bias: [H] },
  constants: { initialState: [B, H] },
  output: [T, B, H],
  // relu has a kink at 0, but no sum comes within a step of it.
  forward: (ops, tensors) => ops.rnn({ ...tensors, activation }),
  backward: (ops, tensors) => {
    ops.rnnBackward({ ...tensors, activation });
    ops.weightGradients(ofState(tensors));
  },
}));

/** What the gradients of a layer's recurrent weight and biases take. */
function ofState(tensors: Readonly<Record<string, Tensor>>): WeightGradients {
  const { initialState, output, dInput, dSums } = tensors;
  const { dWeight, dBias, dHiddenBias } = tensors;
  const gradients = { dWeight, dBias, dHiddenBias };
  return { initialState, output, dInput, dSums, ...gradients };
}

const MASK = { rate: 0.4, key: [1, 2], counter: [3, 4, 5] } as const;

const CASES: OpCase[] = [
  {
    name: "oneHotLinear",
    variables: { weight: [H, V] },
    ids: { shape: [T, B], V },
    output: [T, B, H],
    forward: (ops, tensors) => ops.oneHotLinear(tensors),
    backward: (ops, { ids, dOutput: dInput, dWeight: dWeightIh }) =>
      ops.weightGradients({ ids, dInput, dWeightIh }),
  },
  {
    name: "linear with bias",
    variables: { input: [T, B, I], weight: [V, I], bias: [V] },
    output: [T, B, V],
    forward: (ops, tensors) => ops.linear(tensors),
    backward: (ops, tensors) => {
      ops.linearBackward(tensors);
      const { input, dOutput: dInput, dWeight: dWeightIh, dBias } = tensors;
      ops.weightGradients({ input, dInput, dWeightIh, dBias });
    },
  },
  {
    name: "linear without bias",
    variables: { input: [T, B, I], weight: [V, I] },
    output: [T, B, V],
    forward: (ops, tensors) => ops.linear(tensors),
    backward: (ops, tensors) => {
      ops.linearBackward(tensors);
      const { input, dOutput: dInput, dWeight: dWeightIh, dBias } = tensors;
      ops.weightGradients({ input, dInput, dWeightIh, dBias });
    },
  },
  {
    name: "embedding",
    variables: { table: [V, H] },
    ids: { shape: [T, B], V },
    output: [T, B, H],
    forward: (ops, tensors) => ops.embedding(tensors),
    backward: (ops, tensors) => ops.embeddingBackward(tensors),
  },
  ...RECURRENT,
  {
    name: "gru",
    variables: {
      input: [T, B, 3 * H],
      weight: [3 * H, H],
      bias: [3 * H],
      hiddenBias: [H],
    },
    constants: { initialState: [B, H] },
    results: { gates: [T, B, 4 * H], dSums: [T, B, 3 * H] },
    output: [T, B, H],
    forward: (ops, tensors) => ops.gru(tensors),
    backward: (ops, tensors) => {
      ops.gruBackward(tensors);
      ops.weightGradients(ofState(tensors));
    },
  },
  {
    name: "lstm",
    variables: {
      input: [T, B, 4 * H],
      weight: [4 * H, H],
      bias: [4 * H],
    },
    constants: { initialState: [B, H], initialCell: [B, H] },
    results: { cells: [T, B, H], gates: [T, B, 4 * H] },
    output: [T, B, H],
    forward: (ops, tensors) => ops.lstm(tensors),
    backward: (ops, tensors) => {
      ops.lstmBackward(tensors);
      ops.weightGradients(ofState(tensors));
    },
  },
  {
    name: "dropout",
    variables: { input: [T, B, H] },
    output: [T, B, H],
    forward: (ops, { input, output }) =>
      ops.dropout({ input, output, ...MASK }),
    backward: (ops, { dOutput, dInput }) =>
      ops.dropout({ input: dOutput, output: dInput, ...MASK }),
  },
  ...[false, true].map((isWeighted): OpCase => {
    const given = (
      { input, weight, bias, ids, targetWeights, output }: HeadTensors,
    ) => {
      // Some count more than others, and some do not count.
      const weights = elements(targetWeights);
      weights.forEach((_, i) => weights[i] = [1, 0, 2, 0.5][i % 4]);
      return {
        ...{ input, weight, bias, targets: ids, loss: output },
        ...(isWeighted && { targetWeights }),
      };
    };
    return {
      name: `head with${isWeighted ? "" : "out"} weights of targets`,
      variables: { input: [T, B, I], weight: [V, I], bias: [V] },
      constants: { targetWeights: [T, B] },
      results: { dLogits: [T, B, V] },
      ids: { shape: [T, B], V },
      output: [],
      forward: (ops, tensors) => ops.head(given(tensors)),
      // The op gives the gradient of the loss itself: times the factor r.
      backward: (ops, tensors) => {
        const { input: output, dLogits, dOutput, dInput } = tensors;
        ops.head({ ...given(tensors), dLogits, dInput });
        const { dWeight, dBias } = tensors;
        const gradients = { dHeadWeight: dWeight, dHeadBias: dBias };
        ops.weightGradients({ output, dInput, dLogits, ...gradients });
        const r = elements(dOutput)[0];
        for (const gradient of [dInput, dWeight, dBias]) scale(gradient, r);
      },
    };
  }),
];

/** The arguments of `ops.head`, by the names that {@linkcode OpCase} gives them. */
type HeadTensors = Readonly<
  Record<
    "input" | "weight" | "bias" | "ids" | "targetWeights" | "output",
    Tensor
  >
>;

Deno.test("the gradient of every op with a backward is checked", () => {
  const forward = OP_NAMES.filter((op) =>
    OP_NAMES.some((other) => other === `${op}Backward`)
  );
  const checked = CASES.map(({ name }) => name.split(/[, ]/)[0]);
  assertEquals(forward.filter((op) => !checked.includes(op)), []);
});

/** A model under test, and how much is dropped between its layers. */
interface ModelCase {
  readonly name: string;
  readonly config: ModelConfig;
  readonly dropout?: number;
}

const VANILLA = [1, 2].flatMap((numLayers) =>
  (["tanh", "relu"] as const).map((activation): ModelCase => ({
    name: `rnn, ${numLayers} layers, ${activation}`,
    config: {
      cell: "rnn",
      activation,
      vocabularySize: V,
      hiddenSize: H,
      numLayers,
    },
  }))
);

const FAMILY = CELL_NAMES.flatMap((cell) => {
  const sizes = { cell, vocabularySize: V, hiddenSize: H };
  return [1, 2, 3].flatMap((numLayers) =>
    [0, I].flatMap((embeddingSize) =>
      (numLayers > 1 ? [0, 0.4] : [0]).map((dropout): ModelCase => ({
        name: `${cell}, ${numLayers} layers, embedding ${embeddingSize}, ` +
          `dropout ${dropout}`,
        config: { ...sizes, numLayers, embeddingSize },
        dropout,
      }))
    )
  );
});

function scale(tensor: Tensor, factor: number): void {
  const values = elements(tensor);
  values.forEach((x, i) => values[i] = x * factor);
}

for (const op of CASES) {
  Deno.test(`the gradient of ${op.name} is that of central differences`, async () => {
    using backend = openReference();
    await checkOp(backend, op);
  });
}

for (const { name, config, dropout } of [...VANILLA, ...FAMILY]) {
  Deno.test(`the gradient of a model is that of central differences: ${name}`, async () => {
    using backend = openReference();
    await checkModel(backend, config, dropout);
  });
}

/** What an implementation may do wrong. */
interface Mistake {
  readonly name: string;
  /** How the names of the ops' cases begin that it shows in. */
  readonly cases: string;
  /** The models that it shows in. Default those of the vanilla cell. */
  readonly models?: readonly ModelCase[];
  /** A right op, then one thing spoilt. */
  readonly replace: (ops: Ops) => Partial<Ops>;
}

/** A gradient that is 0.1 % off. */
function off<Op extends keyof Ops>(
  op: Op,
  gradient: keyof Parameters<Ops[Op]>[0] & string,
  cases: string,
  models?: readonly ModelCase[],
): Mistake {
  return {
    name: `${op} with ${gradient} 0.1 % off`,
    cases,
    models,
    replace: (ops) => ({
      [op]: (tensors: Parameters<Ops[Op]>[0]) => {
        const run = ops[op] as (tensors: Parameters<Ops[Op]>[0]) => void;
        run(tensors);
        const wrong = tensors[gradient] as Tensor | undefined;
        if (wrong) scale(wrong, 1.001);
      },
    }),
  };
}

const DEEP = VANILLA.filter(({ config }) => config.numLayers > 1);
const ofCell = (cell: CellName) =>
  FAMILY.filter(({ config }) => config.cell === cell);

const WRONG: Mistake[] = [
  off("linearBackward", "dInput", "linear", DEEP),
  off("rnnBackward", "dInput", "rnn"),
  off("gruBackward", "dInput", "gru", ofCell("gru")),
  off("gruBackward", "dSums", "gru", ofCell("gru")),
  off("lstmBackward", "dInput", "lstm", ofCell("lstm")),
  off("head", "dInput", "head"),
  off("head", "dLogits", "head"),
  off("weightGradients", "dWeightIh", "oneHotLinear"),
  off("weightGradients", "dWeightIh", "linear", DEEP),
  off("weightGradients", "dBias", "linear with bias"),
  off("weightGradients", "dWeight", "rnn"),
  off("weightGradients", "dHiddenBias", "gru", ofCell("gru")),
  off("weightGradients", "dHeadWeight", "head"),
  off("weightGradients", "dHeadBias", "head"),
  off(
    "embeddingBackward",
    "dTable",
    "embedding",
    FAMILY.filter(({ config }) => config.embeddingSize === I),
  ),
  {
    name: "weightGradients of the last step's tokens alone",
    cases: "oneHotLinear",
    replace: (ops) => ({
      weightGradients(x) {
        ops.weightGradients(x);
        if (!x.ids) return;
        const last = x.ids.shape[0] - 1, width = x.dInput.shape[2];
        ops.weightGradients({
          ids: x.ids.view(last * B, [1, B]),
          dInput: x.dInput.view(last * B * width, [1, B, width]),
          dWeightIh: x.dWeightIh,
        });
      },
    }),
  },
  {
    name: "weightGradients without the initial state",
    cases: "rnn",
    replace: (ops) => ({
      weightGradients(x) {
        if (!x.initialState) return ops.weightGradients(x);
        const values = elements(x.initialState).slice();
        elements(x.initialState).fill(0);
        ops.weightGradients(x);
        elements(x.initialState).set(values);
      },
    }),
  },
  {
    name: "lstmBackward without the initial cell",
    cases: "lstm",
    models: ofCell("lstm"),
    replace: (ops) => ({
      lstmBackward(x) {
        const values = elements(x.initialCell).slice();
        elements(x.initialCell).fill(0);
        ops.lstmBackward(x);
        elements(x.initialCell).set(values);
      },
    }),
  },
  {
    name: "dropout with another mask backwards",
    cases: "a model's dropout, which is in place", // no op's case
    models: FAMILY.filter(({ config, dropout = 0 }) =>
      dropout > 0 && config.numLayers === 2
    ),
    replace: (ops) => ({
      dropout: ({ counter, ...x }) => {
        const [item, epoch, stream] = counter;
        const backwards = x.input === x.output ? 1 : 0; // there it is in place
        ops.dropout({ ...x, counter: [item + backwards, epoch, stream] });
      },
    }),
  },
  {
    name: "rnnBackward without what flows back through time",
    cases: "rnn",
    replace: (ops) => ({
      rnnBackward(x) {
        const weight = x.weight.view(0, [H, H]);
        const values = elements(weight).slice();
        elements(weight).fill(0);
        ops.rnnBackward(x);
        elements(weight).set(values);
      },
    }),
  },
  {
    name: "rnnBackward with the weight transposed",
    cases: "rnn",
    replace: (ops) => ({
      rnnBackward(x) {
        const values = elements(x.weight).slice();
        values.forEach((_, i) =>
          elements(x.weight)[i] = values[i % H * H + Math.floor(i / H)]
        );
        ops.rnnBackward(x);
        elements(x.weight).set(values);
      },
    }),
  },
  {
    name: "rnnBackward with the other activation",
    cases: "rnn",
    replace: (ops) => ({
      rnnBackward(x) {
        const activation = x.activation === "tanh" ? "relu" : "tanh";
        ops.rnnBackward({ ...x, activation });
      },
    }),
  },
  {
    name: "head with the sum's gradient for the mean's",
    cases: "head",
    replace: (ops) => ({
      head(x) {
        ops.head(x);
        if (x.dLogits) scale(x.dLogits, T * B);
      },
    }),
  },
  {
    name: "head without the target",
    cases: "head",
    replace: (ops) => ({
      head(x) {
        ops.head(x);
        if (!x.targets || !x.dLogits) return;
        const gradient = elements(x.dLogits);
        elements(x.targets).forEach((id, row) =>
          gradient[row * V + id] += 1 / (T * B)
        );
      },
    }),
  },
  {
    name: "head that counts every target",
    cases: "head with weights",
    models: [],
    replace: (ops) => ({
      head(x) {
        ops.head(x);
        if (x.dLogits) ops.head({ ...x, targetWeights: undefined });
      },
    }),
  },
  {
    name: "head whose loss is no mean by its weights",
    cases: "head with weights",
    models: [],
    replace: (ops) => ({
      head(x) {
        ops.head(x);
        if (!x.targetWeights || !x.dLogits) return;
        const whole = Array.from(elements(x.targetWeights))
          .reduce((sum, w) => sum + w, 0);
        scale(x.dLogits, whole / (T * B));
      },
    }),
  },
];

for (const { name, cases, models = VANILLA, replace } of WRONG) {
  Deno.test(`the check finds ${name}, in ${cases}`, async () => {
    using reference = openReference();
    const backend = withOps(reference, replace);
    for (const one of CASES.filter((one) => one.name.startsWith(cases))) {
      await assertRejects(() => checkOp(backend, one), Error, "expected");
    }
    for (const { name, config, dropout } of models) {
      await assertRejects(
        () => checkModel(backend, config, dropout),
        Error,
        "expected",
        name,
      );
    }
  });
}
