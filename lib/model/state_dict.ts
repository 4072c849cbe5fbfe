/**
 * Parameters as PyTorch's modules hold them: `embedding = nn.Embedding(V, E)`, if
 * there is one, `rnn = nn.RNN|GRU|LSTM`, `linear = nn.Linear(H, V)`.
 *
 * @module
 */

import { InputError } from "../input_error.ts";
import type { StoredTensor } from "../safetensors.ts";
import { CELLS } from "./cells.ts";
import type { ModelConfig } from "./config.ts";
import { type Parameters, parameterSpecs } from "./parameters.ts";

/**
 * A module's `state_dict`. PyTorch has two biases for each gate that are added:
 * `bias_ih` holds ours, `bias_hh` zeros, except in the new gate of a GRU, whose second
 * bias is its own.
 *
 * @example
 * ```ts
 * import { initializeParameters } from "./parameters.ts";
 * import { fromStateDict, toStateDict } from "./state_dict.ts";
 *
 * const config = { cell: "gru", vocabularySize: 5, hiddenSize: 4, numLayers: 1 } as const;
 * const dict = toStateDict(config, initializeParameters(config, { seed: 0 }));
 * console.assert(dict.get("rnn.bias_hh_l0")!.shape.join() === "12");
 * console.assert(fromStateDict(config, dict).get("rnn.bias_hh_l0")!.length === 4);
 * ```
 */
export function toStateDict(
  config: ModelConfig,
  parameters: Parameters,
): Map<string, StoredTensor> {
  const { hiddenSize: H } = config;
  const dict = new Map<string, StoredTensor>();
  for (const { name, shape } of parameterSpecs(config)) {
    const data = parameters.get(name)!;
    if (name.startsWith("rnn.bias_hh")) continue;
    dict.set(name, { shape, data });
    if (!name.startsWith("rnn.bias_ih")) continue;
    const second = name.replace("bias_ih", "bias_hh");
    const zeros = data.slice().fill(0);
    const trained = parameters.get(second); // (H), of the last gate
    if (trained) zeros.set(trained, zeros.length - H);
    dict.set(second, { shape, data: zeros });
  }
  return dict;
}

/**
 * Parameters from a module's `state_dict`.
 *
 * @throws {RangeError} If a tensor is missing, has another shape or type than the
 * config asks for, holds a number that is not finite, or is not part of the model:
 * the message lists all of these.
 */
export function fromStateDict(
  config: ModelConfig,
  dict: ReadonlyMap<string, StoredTensor>,
): Parameters {
  const { hiddenSize: H } = config;
  const { gates: G, hiddenBias } = CELLS[config.cell];
  const wrong: string[] = [];
  const expected = new Set<string>();
  const take = (name: string, shape: readonly number[]) => {
    expected.add(name);
    const stored = dict.get(name);
    const wanted = `(${shape.join(", ")})`;
    if (!stored) {
      wrong.push(`${name} ${wanted} is missing`);
      return;
    }
    const { data } = stored;
    if (data instanceof Float32Array || data instanceof Float64Array) {
      if (stored.shape.join() === shape.join()) {
        const bad = data.findIndex((value) => !Number.isFinite(value));
        if (bad < 0) return data.slice();
        wrong.push(`${name} holds ${data[bad]} at ${bad}`);
        return;
      }
    }
    wrong.push(
      `${name} is (${stored.shape.join(", ")}) of ` +
        `${data instanceof Uint32Array ? "whole" : "real"} numbers, ` +
        `expected ${wanted} of real numbers`,
    );
  };
  const parameters = new Map<string, Float32Array | Float64Array>();
  for (const { name, shape } of parameterSpecs(config)) {
    if (name.startsWith("rnn.bias_hh")) continue; // taken with the first
    const values = take(name, shape);
    if (values) parameters.set(name, values);
    if (!name.startsWith("rnn.bias_ih")) continue;
    const second = name.replace("bias_ih", "bias_hh");
    const others = take(second, shape);
    if (!values || !others) continue;
    const shared = hiddenBias ? (G - 1) * H : G * H;
    for (let i = 0; i < shared; i++) values[i] += others[i];
    if (!values.every(Number.isFinite)) {
      wrong.push(`the sum of ${name} and ${second} is not finite`);
    }
    if (hiddenBias) parameters.set(second, others.slice(shared));
  }
  for (const name of dict.keys()) {
    if (!expected.has(name)) wrong.push(`${name} is not part of the model`);
  }
  if (wrong.length === 0) return parameters;
  const listed = wrong.slice(0, 6);
  if (wrong.length > 6) listed.push(`and ${wrong.length - 6} more`);
  throw new InputError(listed.join("; "));
}
