import { assertRejects } from "@std/assert";
import type { Tensor } from "../../lib/backend/backend.ts";
import type { Ops } from "../../lib/backend/ops.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
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
  backward: (ops, tensors) => ops.rnnBackward({ ...tensors, activation }),
}));

const MASK = { rate: 0.4, key: [1, 2], counter: [3, 4, 5] } as const;

const CASES: OpCase[] = [
  {
    name: "oneHotLinear",
    variables: { weight: [H, V] },
    ids: { shape: [T, B], V },
    output: [T, B, H],
    forward: (ops, tensors) => ops.oneHotLinear(tensors),
    backward: (ops, tensors) => ops.oneHotLinearBackward(tensors),
  },
  {
    name: "linear with bias",
    variables: { input: [T, B, I], weight: [V, I], bias: [V] },
    output: [T, B, V],
    forward: (ops, tensors) => ops.linear(tensors),
    backward: (ops, tensors) => ops.linearBackward(tensors),
  },
  {
    name: "linear without bias",
    variables: { input: [T, B, I], weight: [V, I] },
    output: [T, B, V],
    forward: (ops, tensors) => ops.linear(tensors),
    backward: (ops, tensors) => ops.linearBackward(tensors),
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
    results: { gates: [T, B, 4 * H] },
    output: [T, B, H],
    forward: (ops, tensors) => ops.gru(tensors),
    backward: (ops, tensors) => ops.gruBackward(tensors),
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
    backward: (ops, tensors) => ops.lstmBackward(tensors),
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
        const { input, weight, dLogits, dOutput, dInput } = tensors;
        ops.head({ ...given(tensors), dLogits, dInput });
        const { dWeight, dBias } = tensors;
        const layer = { input, weight, dWeight, dBias };
        ops.linearBackward({ ...layer, dOutput: dLogits });
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

const FAMILY = (["rnn", "gru", "lstm"] as const).flatMap((cell) => {
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

/** A right backward, then one thing spoilt: the check must find every one. */
const WRONG: [name: string, replace: (ops: Ops) => Partial<Ops>][] = [
  ["oneHotLinearBackward with a wrong sign", (ops) => ({
    oneHotLinearBackward(x) {
      ops.oneHotLinearBackward(x);
      scale(x.dWeight, -1);
    },
  })],
  ["oneHotLinearBackward of the last step alone", (ops) => ({
    oneHotLinearBackward({ ids, dOutput, dWeight }) {
      const last = ids.shape[0] - 1;
      ops.oneHotLinearBackward({
        ids: ids.view(last * B, [1, B]),
        dOutput: dOutput.view(last * B * H, [1, B, H]),
        dWeight,
      });
    },
  })],
  ...(["dInput", "dWeight", "dBias"] as const).map((
    gradient,
  ): (typeof WRONG)[number] => [
    `linearBackward with ${gradient} 0.1 % off`,
    (ops) => ({
      linearBackward(x) {
        ops.linearBackward(x);
        const wrong = x[gradient];
        if (wrong) scale(wrong, 1.001);
      },
    }),
  ]),
  ...(["dInput", "dWeight", "dBias"] as const).map((
    gradient,
  ): (typeof WRONG)[number] => [
    `rnnBackward with ${gradient} 0.1 % off`,
    (ops) => ({
      rnnBackward(x) {
        ops.rnnBackward(x);
        scale(x[gradient], 1.001);
      },
    }),
  ]),
  ...(["dInput", "dWeight", "dBias", "dHiddenBias"] as const).map((
    gradient,
  ): (typeof WRONG)[number] => [
    `gruBackward with ${gradient} 0.1 % off`,
    (ops) => ({
      gruBackward(x) {
        ops.gruBackward(x);
        scale(x[gradient], 1.001);
      },
    }),
  ]),
  ...(["dInput", "dWeight", "dBias"] as const).map((
    gradient,
  ): (typeof WRONG)[number] => [
    `lstmBackward with ${gradient} 0.1 % off`,
    (ops) => ({
      lstmBackward(x) {
        ops.lstmBackward(x);
        scale(x[gradient], 1.001);
      },
    }),
  ]),
  ["lstmBackward without the initial cell", (ops) => ({
    lstmBackward(x) {
      const values = elements(x.initialCell).slice();
      elements(x.initialCell).fill(0);
      ops.lstmBackward(x);
      elements(x.initialCell).set(values);
    },
  })],
  ["embeddingBackward 0.1 % off", (ops) => ({
    embeddingBackward(x) {
      ops.embeddingBackward(x);
      scale(x.dTable, 1.001);
    },
  })],
  ["dropout with another mask backwards", (ops) => ({
    dropout: ({ counter, ...x }) => {
      const [item, epoch, stream] = counter;
      const backwards = x.input === x.output ? 1 : 0; // there it is in place
      ops.dropout({ ...x, counter: [item + backwards, epoch, stream] });
    },
  })],
  ["rnnBackward without what flows back through time", (ops) => ({
    rnnBackward(x) {
      const weight = x.weight.view(0, [H, H]);
      const values = elements(weight).slice();
      elements(weight).fill(0);
      ops.rnnBackward(x);
      elements(weight).set(values);
    },
  })],
  ["rnnBackward with the weight transposed", (ops) => ({
    rnnBackward(x) {
      const values = elements(x.weight).slice();
      values.forEach((_, i) =>
        elements(x.weight)[i] = values[i % H * H + Math.floor(i / H)]
      );
      ops.rnnBackward(x);
      elements(x.weight).set(values);
    },
  })],
  ["rnnBackward without the initial state", (ops) => ({
    rnnBackward(x) {
      const values = elements(x.initialState).slice();
      elements(x.initialState).fill(0);
      ops.rnnBackward(x);
      elements(x.initialState).set(values);
    },
  })],
  ["rnnBackward with the other activation", (ops) => ({
    rnnBackward(x) {
      const activation = x.activation === "tanh" ? "relu" : "tanh";
      ops.rnnBackward({ ...x, activation });
    },
  })],
  ...(["dInput", "dLogits"] as const).map((
    gradient,
  ): (typeof WRONG)[number] => [
    `head with ${gradient} 0.1 % off`,
    (ops) => ({
      head(x) {
        ops.head(x);
        const wrong = x[gradient];
        if (wrong) scale(wrong, 1.001);
      },
    }),
  ]),
  ["head with the sum's gradient for the mean's", (ops) => ({
    head(x) {
      ops.head(x);
      if (x.dLogits) scale(x.dLogits, T * B);
    },
  })],
  ["head without the target", (ops) => ({
    head(x) {
      ops.head(x);
      if (!x.targets || !x.dLogits) return;
      const gradient = elements(x.dLogits);
      elements(x.targets).forEach((id, row) =>
        gradient[row * V + id] += 1 / (T * B)
      );
    },
  })],
  ["head that counts every target, with weights", (ops) => ({
    head(x) {
      ops.head(x);
      if (x.dLogits) ops.head({ ...x, targetWeights: undefined });
    },
  })],
  ["head whose loss is no mean by its weights, with weights", (ops) => ({
    head(x) {
      ops.head(x);
      if (!x.targetWeights || !x.dLogits) return;
      const whole = Array.from(elements(x.targetWeights))
        .reduce((sum, w) => sum + w, 0);
      scale(x.dLogits, whole / (T * B));
    },
  })],
];

for (const [name, replace] of WRONG) {
  Deno.test(`the check finds ${name}`, async () => {
    using reference = openReference();
    const backend = withOps(reference, replace);
    const op = name.split(/Backward| /)[0];
    for (const one of CASES.filter((one) => one.name.startsWith(op))) {
      if (op === "dropout") continue; // there it is not in place
      if (/dBias|with weights/.test(name) && one.name.includes("without")) {
        continue;
      }
      await assertRejects(() => checkOp(backend, one), Error, "expected");
    }
    if (name.endsWith("with weights")) return; // which models have none of
    const models = op === "dropout" || op === "embedding"
      ? FAMILY.filter(({ config, dropout }) =>
        op === "dropout"
          ? dropout! > 0 && config.numLayers === 2
          : config.embeddingSize === I
      )
      : name.startsWith("linearBackward with dInput") // between layers
      ? VANILLA.filter(({ config }) => config.numLayers > 1)
      : op === "gru" || op === "lstm"
      ? FAMILY.filter(({ config }) => config.cell === op)
      : VANILLA;
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
