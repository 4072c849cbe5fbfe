import { assertEquals, assertRejects } from "@std/assert";
import type { Tensor } from "../../lib/backend/backend.ts";
import { OP_NAMES } from "../../lib/backend/compiled_op.ts";
import type { Ops } from "../../lib/backend/ops.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { CELL_NAMES } from "../../lib/model/cells.ts";
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
  {
    name: "softmaxCrossEntropy",
    variables: { logits: [T, B, V] },
    ids: { shape: [T, B], V },
    output: [],
    forward: (ops, { logits, ids, output }) =>
      ops.softmaxCrossEntropy({ logits, targets: ids, loss: output }),
    // The op gives the gradient of the loss itself: times the factor r.
    backward: (ops, { logits, ids, output, dOutput, dLogits }) => {
      const targets = ids, loss = output;
      ops.softmaxCrossEntropy({ logits, targets, loss, dLogits });
      scale(dLogits, elements(dOutput)[0]);
    },
  },
];

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

/** Ops of which one is wrong. */
type Wrong = [name: string, replace: (ops: Ops) => Partial<Ops>];

/** The op with one of its gradients wrong, each in turn. */
function slightlyOff(
  op: Extract<keyof Ops, `${string}Backward`>,
  gradients: readonly string[],
): Wrong[] {
  return gradients.map((gradient) => [
    `${op} with ${gradient} 0.1 % off`,
    (ops) => ({
      [op](x: never) {
        ops[op](x);
        const tensors: Readonly<Record<string, Tensor | undefined>> = x;
        if (tensors[gradient]) scale(tensors[gradient], 1.001);
      },
    }),
  ]);
}

/** A right backward, then one thing spoilt: the check must find every one. */
const WRONG: Wrong[] = [
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
  ...slightlyOff("linearBackward", ["dInput", "dWeight", "dBias"]),
  ...slightlyOff("rnnBackward", ["dInput", "dWeight", "dBias"]),
  ...slightlyOff("gruBackward", ["dInput", "dWeight", "dBias", "dHiddenBias"]),
  ...slightlyOff("lstmBackward", ["dInput", "dWeight", "dBias"]),
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
  ["softmaxCrossEntropy with the sum's gradient for the mean's", (ops) => ({
    softmaxCrossEntropy(x) {
      ops.softmaxCrossEntropy(x);
      if (x.dLogits) scale(x.dLogits, T * B);
    },
  })],
  ["softmaxCrossEntropy without the target", (ops) => ({
    softmaxCrossEntropy(x) {
      ops.softmaxCrossEntropy(x);
      if (!x.dLogits) return;
      const gradient = elements(x.dLogits);
      elements(x.targets).forEach((id, row) =>
        gradient[row * V + id] += 1 / (T * B)
      );
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
      if (name.includes("dBias") && one.name.includes("without")) continue;
      await assertRejects(() => checkOp(backend, one), Error, "expected");
    }
    const models = op === "dropout" || op === "embedding"
      ? FAMILY.filter(({ config, dropout }) =>
        op === "dropout"
          ? dropout! > 0 && config.numLayers === 2
          : config.embeddingSize === I
      )
      : op !== "rnn" && CELL_NAMES.some((cell) => cell === op)
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
