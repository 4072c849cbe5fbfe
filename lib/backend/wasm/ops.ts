import type { Ops, Tensor, UpdateRule } from "../backend.ts";
import {
  carryDimensions,
  copyDimensions,
  dropoutDimensions,
  embeddingBackwardDimensions,
  embeddingDimensions,
  globalNormDimensions,
  linearBackwardDimensions,
  linearDimensions,
  MOMENTS,
  oneHotLinearBackwardDimensions,
  oneHotLinearDimensions,
  sampleDimensions,
  sampleSettings,
  sizeOf,
  softmaxCrossEntropyDimensions,
  updateDimensions,
  updateSettings,
} from "../shapes.ts";
import type { Device } from "./device.ts";
import { recurrentOps } from "./recurrent.ts";

/** The rules in the order of `UpdateRule`, by which the kernels number them. */
const RULES: readonly UpdateRule[] = [
  "sgd",
  "momentum",
  "adam",
  "adamw",
  "rmsprop",
];

/** The ops of a backend: each checks its arguments and is one call of a kernel. */
export function opsOf(device: Device): Ops {
  const { kernels } = device;
  const reals = (tensor: Tensor) => device.reals(tensor);
  const ids = (tensor: Tensor) => device.ids(tensor);
  const optional = (tensor?: Tensor) => tensor ? device.reals(tensor) : 0;
  return {
    ...recurrentOps(device),
    oneHotLinear(x) {
      const { T, B, O, V } = oneHotLinearDimensions(x);
      const scratch = device.scratch(
        kernels.oneHotLinearScratch(T * B, O, V),
      );
      const wrong = kernels.oneHotLinear(
        ids(x.ids),
        reals(x.weight),
        reals(x.output),
        T * B,
        O,
        V,
        scratch,
      );
      assertIds("oneHotLinear", "ids", wrong, V);
      device.assertAlive();
    },
    oneHotLinearBackward(x) {
      const { T, B, O, V } = oneHotLinearBackwardDimensions(x);
      const scratch = device.scratch(
        kernels.oneHotLinearBackwardScratch(T * B, O, V),
      );
      const wrong = kernels.oneHotLinearBackward(
        ids(x.ids),
        reals(x.dOutput),
        reals(x.dWeight),
        T * B,
        O,
        V,
        scratch,
      );
      assertIds("oneHotLinearBackward", "ids", wrong, V);
      device.assertAlive();
    },
    embedding(x) {
      const { T, B, V, E } = embeddingDimensions(x);
      const table = reals(x.table), output = reals(x.output);
      const wrong = kernels.embedding(ids(x.ids), table, output, T * B, V, E);
      assertIds("embedding", "ids", wrong, V);
      device.assertAlive();
    },
    embeddingBackward(x) {
      const { T, B, V, E } = embeddingBackwardDimensions(x);
      const wrong = kernels.embeddingBackward(
        ids(x.ids),
        reals(x.dOutput),
        reals(x.dTable),
        T * B,
        V,
        E,
      );
      assertIds("embeddingBackward", "ids", wrong, V);
      device.assertAlive();
    },
    linear(x) {
      const { rows, I, O } = linearDimensions(x);
      const scratch = device.scratch(kernels.linearScratch(rows, I, O));
      kernels.linear(
        reals(x.input),
        reals(x.weight),
        optional(x.bias),
        reals(x.output),
        rows,
        I,
        O,
        scratch,
      );
      device.assertAlive();
    },
    linearBackward(x) {
      const { rows, I, O } = linearBackwardDimensions(x);
      const scratch = device.scratch(kernels.linearBackwardScratch(rows, I, O));
      kernels.linearBackward(
        reals(x.input),
        reals(x.weight),
        reals(x.dOutput),
        optional(x.dInput),
        reals(x.dWeight),
        optional(x.dBias),
        rows,
        I,
        O,
        scratch,
      );
      device.assertAlive();
    },
    dropout(x) {
      const count = dropoutDimensions(x);
      kernels.dropout(
        reals(x.input),
        reals(x.output),
        count,
        x.rate,
        ...x.key,
        ...x.counter,
      );
      device.assertAlive();
    },
    softmaxCrossEntropy(x) {
      const { T, B, V } = softmaxCrossEntropyDimensions(x);
      const wrong = kernels.softmaxCrossEntropy(
        reals(x.logits),
        ids(x.targets),
        reals(x.loss),
        optional(x.losses),
        optional(x.dLogits),
        T * B,
        V,
        device.scratch(kernels.softmaxCrossEntropyScratch(T * B, V)),
      );
      assertIds("softmaxCrossEntropy", "targets", wrong, V);
      device.assertAlive();
    },
    globalNorm(x) {
      const P = globalNormDimensions(x);
      const scratch = device.scratch(kernels.globalNormScratch(P));
      kernels.globalNorm(reals(x.gradients), reals(x.norm), P, scratch);
      device.assertAlive();
    },
    update(x) {
      const P = updateDimensions(x);
      const settings = updateSettings(x);
      const { first, second } = MOMENTS[settings.rule];
      kernels.update(
        reals(x.parameters),
        reals(x.gradients),
        reals(x.norm),
        first ? reals(x.firstMoment!) : 0,
        second ? reals(x.secondMoment!) : 0,
        P,
        RULES.indexOf(settings.rule),
        settings.learningRate,
        settings.clipNorm,
        settings.clipValue,
        settings.weightDecay,
        settings.beta1,
        settings.beta2,
        settings.epsilon,
        settings.correction1,
        settings.correction2,
      );
      device.assertAlive();
    },
    fill(x) {
      kernels.fill(reals(x.tensor), sizeOf(x.tensor.shape), x.value);
      device.assertAlive();
    },
    copy(x) {
      const source = device.words(x.source);
      const destination = device.words(x.destination);
      kernels.copy(source, destination, copyDimensions(x));
      device.assertAlive();
    },
    carry(x) {
      const size = carryDimensions(x);
      const source = reals(x.source), destination = reals(x.destination);
      kernels.carry(source, destination, reals(x.norm), size);
      device.assertAlive();
    },
    sample(x) {
      const { B, V } = sampleDimensions(x);
      const { firstId, temperature, topK, topP, repetitionPenalty } =
        sampleSettings(x);
      kernels.sample(
        reals(x.logits),
        ids(x.tokens),
        optional(x.uniforms),
        x.seen ? ids(x.seen) : 0,
        optional(x.logProbabilities),
        B,
        V,
        firstId,
        temperature,
        topK,
        topP,
        repetitionPenalty,
        device.scratch(kernels.sampleScratch(B, V)),
      );
      device.assertAlive();
    },
  };
}

function assertIds(op: string, name: string, wrong: number, V: number): void {
  if (wrong < 0) return;
  throw new RangeError(`${op}: ${name} has ${wrong}, expected ids below ${V}`);
}
