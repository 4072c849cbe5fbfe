/**
 * Gradients against central differences, in float64.
 *
 * @module
 */

import type { Backend, Tensor } from "../../lib/backend/backend.ts";
import type { Ops } from "../../lib/backend/ops.ts";
import { sizeOf } from "../../lib/backend/shapes.ts";
import type { ModelConfig } from "../../lib/model/config.ts";
import { LanguageModel } from "../../lib/model/language_model.ts";
import { initializeParameters } from "../../lib/model/parameters.ts";
import { randomNormal } from "../../lib/random.ts";

/** An op and its backward, on arguments of these shapes. */
export interface OpCase {
  readonly name: string;
  /** Arguments that the gradient is taken by, filled with normal numbers. */
  readonly variables: Readonly<Record<string, readonly number[]>>;
  /** Arguments that no gradient is taken by. */
  readonly constants?: Readonly<Record<string, readonly number[]>>;
  /** Results beside the output, which the backward takes. */
  readonly results?: Readonly<Record<string, readonly number[]>>;
  /** Token ids below `V`, if the op takes any. */
  readonly ids?: { readonly shape: readonly number[]; readonly V: number };
  /** Shape of the op's result. */
  readonly output: readonly number[];
  // deno-lint-ignore no-explicit-any -- the op's own type is checked where it is called
  readonly forward: (ops: Ops, tensors: any) => void;
  // deno-lint-ignore no-explicit-any
  readonly backward: (ops: Ops, tensors: any) => void;
}

/** Width of the differences. */
const STEP = 1e-6;

/** Unit roundoff of float64. */
const U = 2 ** -53;

/**
 * Distance of a right gradient to `(f(x + h) − f(x − h)) / 2h`. The difference
 * leaves out h²·f‴/6, where f‴ is well below 1e4 for the cases here: 1e-9 with h of
 * 1e-6. Each value of f is rounded: the sum of `terms` terms, whose absolute values
 * add up to `magnitude`, by less than U·terms·magnitude, and half of their sum of
 * two is divided by h.
 */
function differenceTolerance(terms: number, magnitude: number): number {
  return 1e-9 + (terms + 16) * U * magnitude / STEP;
}

/** Numbers about normal, the same in every run. */
function normal(length: number, seed: number): Float64Array {
  return randomNormal(seed, { stream: "parameters" }, length);
}

/**
 * Checks the backward of an op: for `L = Σ r·output` with random `r`, `dOutput` is
 * `r`, and every `dX` must be the gradient of `L` by `X`.
 *
 * @throws {Error} Naming the gradient that is not.
 */
export async function checkOp(backend: Backend, op: OpCase): Promise<void> {
  const tensors: Record<string, Tensor> = {};
  const given = { ...op.variables, ...op.constants, dOutput: op.output };
  const values = new Map<string, Float64Array>();
  for (const [i, [name, shape]] of Object.entries(given).entries()) {
    values.set(name, normal(sizeOf(shape), 100 + i));
    tensors[name] = backend.allocate(shape);
    backend.write(tensors[name], values.get(name)!);
  }
  if (op.ids) {
    const { shape, V } = op.ids;
    const ids = Array.from({ length: sizeOf(shape) }, (_, i) => i * i % V);
    tensors.ids = backend.allocate(shape, "u32");
    backend.write(tensors.ids, ids);
  }
  for (const [name, shape] of Object.entries(op.results ?? {})) {
    tensors[name] = backend.allocate(shape);
  }
  tensors.output = backend.allocate(op.output);
  for (const [name, shape] of Object.entries(op.variables)) {
    tensors[gradientName(name)] = backend.allocate(shape);
  }
  const r = values.get("dOutput")!;
  const evaluate = async () => {
    op.forward(backend.ops, tensors);
    const output = await backend.read(tensors.output);
    return Array.from(output, (y, i) => r[i] * y);
  };

  const terms = await evaluate();
  const magnitude = terms.reduce((sum, term) => sum + Math.abs(term), 0);
  op.backward(backend.ops, tensors);
  for (const name of Object.keys(op.variables)) {
    const actual = await backend.read(tensors[gradientName(name)]);
    await compare(
      `${op.name}: ${gradientName(name)}`,
      values.get(name)!,
      actual,
      differenceTolerance(terms.length, magnitude),
      async (changed) => {
        backend.write(tensors[name], changed);
        return (await evaluate()).reduce((sum, term) => sum + term, 0);
      },
    );
    backend.write(tensors[name], values.get(name)!);
  }
}

/**
 * Checks the gradient of the loss of a whole model by every parameter, for the
 * second of two minibatches: its state comes from the first, and is not part of it.
 *
 * @throws {Error} Naming the gradient that is not.
 */
export async function checkModel(
  backend: Backend,
  config: ModelConfig,
  dropout = 0,
): Promise<void> {
  const { vocabularySize: V } = config;
  const place = { seed: 5, epoch: 1, minibatch: 2 };
  const batchSize = 2, numSteps = 4;
  using model = new LanguageModel(backend, config, {
    batchSize,
    numSteps,
    trains: true,
    dropout,
  });
  const ids = backend.allocate([3, numSteps, batchSize], "u32");
  backend.write(
    ids,
    Array.from({ length: 3 * numSteps * batchSize }, (_, i) => i * i % V),
  );
  const loss = backend.allocate([]);
  // Every parameter, biases too, is of about the size of trained ones.
  const parameters = new Map(
    [...initializeParameters(config, { seed: 0, sigma: 0 })].map((
      [name, zeros],
      i,
    ) => [name, normal(zeros.length, i).map((x) => x * 0.6)]),
  );
  const evaluate = async (changed: ReadonlyMap<string, Float64Array>) => {
    model.write(parameters);
    model.resetState();
    model.forward(ids.at(0));
    model.carryState();
    model.write(changed);
    model.forward(ids.at(1), place);
    model.loss(ids.at(2), loss);
    return (await backend.read(loss))[0];
  };
  const magnitude = await evaluate(parameters);
  model.backward(ids.at(1));
  const gradients = await model.readGradients();
  for (const [name, values] of parameters) {
    await compare(
      `d ${name}`,
      values,
      gradients.get(name)!,
      // A mean of losses, each the logarithm of a sum over V.
      differenceTolerance(batchSize * numSteps + V, magnitude),
      (changed) => evaluate(new Map([...parameters, [name, changed]])),
    );
  }
}

/** `input` to `dInput`; the gradient by logits is `dLogits` too. */
function gradientName(name: string): string {
  return `d${name[0].toUpperCase()}${name.slice(1)}`;
}

async function compare(
  what: string,
  values: Float64Array,
  gradient: ArrayLike<number>,
  tolerance: number,
  f: (changed: Float64Array) => Promise<number>,
): Promise<void> {
  for (const [i, x] of values.entries()) {
    const above = await f(values.with(i, x + STEP));
    const below = await f(values.with(i, x - STEP));
    // What was really added and taken off, not what was meant to be.
    const difference = (above - below) / ((x + STEP) - (x - STEP));
    if (Math.abs(difference - gradient[i]) <= tolerance) continue;
    throw new Error(
      `${what}[${i}] is ${
        gradient[i]
      }, expected ${difference} within ${tolerance}`,
    );
  }
}
