import { assertRejects } from "@std/assert";
import type { Tensor } from "../lib/backend/backend.ts";
import type { Ops } from "../lib/backend/ops.ts";
import { openReference } from "../lib/backend/reference/reference_backend.ts";
import { needsTimeMachine } from "./access.ts";
import { CPUS, REFERENCES, WEBGPU, WEBGPU_STEPS } from "./backend/devices.ts";
import { elements, withOps } from "./backend/wrap.ts";
import {
  ENOUGH_MINIBATCHES,
  followTrajectory,
  testTrajectory,
} from "./trajectory.ts";

// One thread of the CPU follows to the end, in a second: more of them have the same
// bits. `deno task torture --only trajectory` follows to the end on every device.
for (
  const { name, open, ignore, precision } of [
    ...REFERENCES,
    WEBGPU,
    WEBGPU_STEPS,
    ...CPUS,
  ]
) {
  const minibatches = name === "cpu, 1 thread" ? undefined : ENOUGH_MINIBATCHES;
  testTrajectory(name, open, ignore, { precision, minibatches });
}

/** Multiplies a gradient by 1.01. */
function enlarge(gradient: Tensor): void {
  const values = elements(gradient);
  values.forEach((value, i) => values[i] = 1.01 * value);
}

/** Runs an op with a tensor of zeros. */
function without(tensor: Tensor, op: () => void): void {
  const values = elements(tensor);
  const kept = values.slice();
  values.fill(0);
  op();
  values.set(kept);
}

/** What an implementation may do wrong, by ops that do so. */
const MISTAKES: Readonly<Record<string, (ops: Ops) => Partial<Ops>>> = {
  "the gradient of weight_ih is 1 % off": (ops) => ({
    weightGradients(tensors) {
      ops.weightGradients(tensors);
      enlarge(tensors.dWeightIh!);
    },
  }),
  "the gradient of weight_hh is 1 % off": (ops) => ({
    weightGradients(tensors) {
      ops.weightGradients(tensors);
      enlarge(tensors.dWeight!);
    },
  }),
  "the gradient of the layer's bias is 1 % off": (ops) => ({
    weightGradients(tensors) {
      ops.weightGradients(tensors);
      enlarge(tensors.dBias!);
    },
  }),
  "the gradient of the head's weight is 1 % off": (ops) => ({
    weightGradients(tensors) {
      ops.weightGradients(tensors);
      enlarge(tensors.dHeadWeight!);
    },
  }),
  "the gradient of the head's bias is 1 % off": (ops) => ({
    weightGradients(tensors) {
      ops.weightGradients(tensors);
      enlarge(tensors.dHeadBias!);
    },
  }),
  "the gradient of the layer's output is 1 % off": (ops) => ({
    head(tensors) {
      ops.head(tensors);
      enlarge(tensors.dInput!);
    },
  }),
  "no gradient goes back in time": (ops) => ({
    rnnBackward(tensors) {
      without(tensors.weight, () => ops.rnnBackward(tensors));
    },
  }),
  "the gradient of weight_hh leaves out the carried state": (ops) => ({
    weightGradients(tensors) {
      without(tensors.initialState!, () => ops.weightGradients(tensors));
    },
  }),
  "the state is not carried": (ops) => ({
    rnn(tensors) {
      without(tensors.initialState, () => ops.rnn(tensors));
    },
  }),
  "the state is carried over the end of an epoch": () => ({ fill() {} }),
  "the learning rate is 0.1 % off": (ops) => ({
    finish(tensors) {
      const learningRate = 1.001 * tensors.learningRate;
      ops.finish({ ...tensors, learningRate });
    },
  }),
};

for (const [mistake, replace] of Object.entries(MISTAKES)) {
  Deno.test({
    ...needsTimeMachine(`the beginning of a trajectory shows that ${mistake}`),
    fn: async () => {
      using backend = withOps(openReference(), replace);
      await assertRejects(
        () => followTrajectory(backend, { minibatches: ENOUGH_MINIBATCHES }),
        Error,
        "expected",
      );
    },
  });
}
