/**
 * The phases of a training minibatch, each alone.
 *
 * The model itself runs one minibatch on a backend that notes the calls of its ops;
 * then the calls of each phase are made again and again. So no device has to wait
 * between two ops, which would take longer than the ops do.
 *
 * @module
 */

import type { Backend } from "../../lib/backend/backend.ts";
import type { Ops } from "../../lib/backend/ops.ts";
import type { CellName } from "../../lib/model/cells.ts";
import { time } from "./measure.ts";
import { type Sizes, TrainingModel } from "./training_model.ts";
import { withOps } from "./with_ops.ts";

/** Milliseconds of each phase of a minibatch. */
export interface PhasesResult extends Sizes {
  /** oneHotLinear and the layer. */
  readonly forward: number;
  /** The logits, the loss and the gradients of both. */
  readonly head: number;
  /** The layer's backward. */
  readonly backward: number;
  /** The gradients of all weights and biases. */
  readonly weightGradients: number;
  /** The gradients' norm, and the update of the parameters. */
  readonly update: number;
  /** The last states become the first. */
  readonly carry: number;
}

/** A part of a minibatch's ops, in the order in which a model calls them. */
type Phase =
  | "forward"
  | "head"
  | "backward"
  | "weightGradients"
  | "update"
  | "carry";

/** The phases of the ops that every cell has; those of a cell bear its name. */
const PHASES: ReadonlyMap<string, Phase> = new Map([
  ["oneHotLinear", "forward"],
  ["head", "head"],
  ["weightGradients", "weightGradients"],
  ["finish", "update"],
  ["carry", "carry"],
]);

/** A call of an op. */
export interface OpCall {
  readonly op: string;
  readonly tensors: object;
  /** Makes the same call again. */
  readonly repeat: () => void;
}

/** Times the phases of a minibatch, each alone. */
export async function benchPhases(
  backend: Backend,
  sizes: Sizes,
  seconds: number,
): Promise<PhasesResult> {
  const { backend: noting, calls } = withCalls(backend);
  using model = new TrainingModel(noting, sizes);
  calls.length = 0; // what the model was made by
  model.minibatch();
  const phases = phasesOf(calls, sizes.cell);
  const milliseconds = async (run: () => void) =>
    1000 * (await time(backend, run, seconds)).median;
  const taken = (phase: Phase) =>
    milliseconds(() => phases[phase].forEach(({ repeat }) => repeat()));
  return {
    ...sizes,
    forward: await taken("forward"),
    head: await taken("head"),
    backward: await taken("backward"),
    weightGradients: await taken("weightGradients"),
    update: await taken("update"),
    carry: await taken("carry"),
  };
}

/** The backend, and the calls of its ops from now on, the latest last. */
export function withCalls(
  backend: Backend,
): { readonly backend: Backend; readonly calls: OpCall[] } {
  const calls: OpCall[] = [];
  const noting = withOps(backend, (ops) =>
    Object.fromEntries(
      Object.entries(ops).map(([op, run]: [string, (a: never) => void]) => [
        op,
        (tensors: object) => {
          const repeat = () => run(tensors as never);
          calls.push({ op, tensors, repeat });
          repeat();
        },
      ]),
    ) as unknown as Ops);
  return { backend: noting, calls };
}

/**
 * The calls of a minibatch by phase, each call in one of them.
 *
 * @throws {TypeError} If an op belongs to no phase.
 */
export function phasesOf(
  calls: readonly OpCall[],
  cell: CellName,
): Record<Phase, OpCall[]> {
  const phases: Record<Phase, OpCall[]> = {
    forward: [],
    head: [],
    backward: [],
    weightGradients: [],
    update: [],
    carry: [],
  };
  for (const call of calls) {
    const { op } = call;
    const phase = op === cell
      ? "forward"
      : op === `${cell}Backward`
      ? "backward"
      : PHASES.get(op);
    if (!phase) throw new TypeError(`The op ${op} belongs to no phase`);
    phases[phase].push(call);
  }
  return phases;
}
