import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Backend } from "../../lib/backend/backend.ts";
import type { UpdateRule } from "../../lib/backend/ops.ts";
import { Optimizer, OPTIMIZER_NAMES } from "../../lib/training/optimizer.ts";
import { CPUS, REFERENCES, WEBGPU } from "../backend/devices.ts";
import golden from "../golden/optimizers.json" with { type: "json" };
import { testOn } from "../backend/test_on.ts";

/** Settings of PyTorch's optimizers, of which each has some. */
interface TorchOptions {
  readonly lr: number;
  readonly weight_decay: number;
  readonly momentum?: number;
  readonly betas?: readonly number[];
  readonly alpha?: number;
  readonly eps?: number;
}

/** Takes a golden case's steps; the parameters after each. */
async function takeSteps(
  backend: Backend,
  rule: UpdateRule,
  options: TorchOptions,
  gradients: readonly (readonly number[])[],
): Promise<number[][]> {
  const P = golden.initial.length;
  const tensors = {
    parameters: backend.allocate([P]),
    gradients: backend.allocate([P]),
  };
  const norm = backend.allocate([]);
  using optimizer = new Optimizer(backend, tensors, {
    optimizer: rule,
    weightDecay: options.weight_decay,
    clipNorm: 0,
    clipValue: 0,
  }, {
    beta1: options.betas?.[0] ?? options.momentum ?? 0,
    beta2: options.betas?.[1] ?? options.alpha ?? 0,
    epsilon: options.eps ?? 0,
  });
  backend.write(tensors.parameters, golden.initial);
  const after: number[][] = [];
  for (const [i, gradient] of gradients.entries()) {
    backend.write(tensors.gradients, gradient);
    optimizer.update(norm, { learningRate: options.lr, updates: i + 1 });
    after.push([...await backend.read(tensors.parameters)]);
  }
  return after;
}

for (const device of [...REFERENCES, ...CPUS, WEBGPU]) {
  for (const one of golden.cases) {
    const rule = (one.optimizer === "sgd_momentum"
      ? "momentum"
      : one.optimizer) as UpdateRule;
    testOn(
      device,
      `${one.optimizer} is PyTorch's`,
      async (backend) => {
        const { gradients } = golden;
        const after = await takeSteps(backend, rule, one.options, gradients);
        // Six steps of numbers below 4: a few roundings each; the file has 12 digits.
        const tolerance = device.precision === "float64"
          ? 1e-11
          : 6 * 8 * 4 * 2 ** -24;
        one.parameters_after_each_step.forEach((expected, step) =>
          expected.forEach((value, i) => {
            const distance = Math.abs(after[step][i] - value);
            assert(
              distance <= tolerance,
              `step ${step}, parameter ${i}: ${
                after[step][i]
              }, expected ${value}`,
            );
          })
        );
      },
    );
  }
}

Deno.test("an optimizer goes on from its moments to the bit", async () => {
  using backend = await REFERENCES[1].open();
  for (const rule of OPTIMIZER_NAMES) {
    const settings = {
      optimizer: rule,
      weightDecay: 0.1,
      clipNorm: 1,
      clipValue: 0.5,
    };
    const P = golden.initial.length;
    const make = () => {
      const tensors = {
        parameters: backend.allocate([P]),
        gradients: backend.allocate([P]),
      };
      return { tensors, optimizer: new Optimizer(backend, tensors, settings) };
    };
    const norm = backend.allocate([]);
    const one = make(), two = make();
    backend.write(one.tensors.parameters, golden.initial);
    for (const [i, gradient] of golden.gradients.entries()) {
      const { tensors, optimizer } = i < 3 ? one : two;
      if (i === 3) {
        backend.write(
          two.tensors.parameters,
          await backend.read(one.tensors.parameters),
        );
        two.optimizer.write(await one.optimizer.read());
      }
      backend.write(tensors.gradients, gradient);
      optimizer.update(norm, { learningRate: 0.1, updates: i + 1 });
      if (i < 3) continue;
      // The first goes on too.
      backend.write(one.tensors.gradients, gradient);
      one.optimizer.update(norm, { learningRate: 0.1, updates: i + 1 });
    }
    assertEquals(
      await backend.read(two.tensors.parameters),
      await backend.read(one.tensors.parameters),
      rule,
    );
    if (rule === "sgd") continue;
    assertThrows(() => two.optimizer.write(new Map()), RangeError);
  }
});
