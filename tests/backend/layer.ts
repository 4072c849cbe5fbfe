/**
 * A recurrent layer of any cell: its ops' arguments follow from their signatures.
 *
 * @module
 */

import {
  type Activation,
  type Ops,
  SIGNATURES,
} from "../../lib/backend/ops.ts";
import type { OpSignature } from "../../lib/backend/signature.ts";
import type { Tensor } from "../../lib/backend/tensor.ts";
import { CELL_NAMES, type CellName } from "../../lib/model/cells.ts";

/** The parts of a shape in letters: `T`, `B` and `3H` of "T B 3H". */
export function partsOf(shape: string): string[] {
  return shape.split(" ").filter((part) => part !== "");
}

/** The letter of such a part, and how many times it is taken. */
export function letterOf(part: string): { letter: string; factor: number } {
  const letter = part.replace(/^\d+/, "");
  return { letter, factor: Number(part.slice(0, -letter.length) || 1) };
}

/** What the letters of a layer's shapes stand for. */
export interface LayerSizes {
  readonly T: number;
  readonly B: number;
  readonly H: number;
}

/** A layer's ops on tensors of its own. */
export interface Layer {
  /** The arguments of both ops by their names. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly forward: () => void;
  readonly backward: () => void;
}

/**
 * A layer of `cell`.
 *
 * @param allocate Gives the tensor for an argument.
 */
export function layerOf(
  ops: Ops,
  cell: CellName,
  sizes: LayerSizes,
  allocate: (shape: readonly number[], name: string) => Tensor,
  activation: Activation = "tanh",
): Layer {
  const tensors: Record<string, Tensor> = {};
  const extents = new Map<string, number>(Object.entries(sizes));
  for (const op of [cell, `${cell}Backward`] as const) {
    const signature: OpSignature = SIGNATURES[op];
    for (const [name, { shape }] of Object.entries(signature.tensors)) {
      tensors[name] ??= allocate(
        partsOf(shape).map(letterOf).map(({ letter, factor }) =>
          factor * extents.get(letter)!
        ),
        name,
      );
    }
  }
  // Any cell takes its own of these, and the others lie unused.
  const call = (op: CellName | `${CellName}Backward`) => {
    const run = ops[op] as (given: object) => void;
    return () => run({ ...tensors, activation });
  };
  return {
    tensors,
    forward: call(cell),
    backward: call(`${cell}Backward`),
  };
}

/** The ops of recurrent layers, forward and backward. */
export const LAYER_OPS = CELL_NAMES.flatMap((cell) =>
  [cell, `${cell}Backward`] as const
);
