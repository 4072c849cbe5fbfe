import { type Ops, SIGNATURES } from "./ops.ts";
import {
  type OpSignature,
  SIZE_NAMES,
  type SizeName,
  type TensorSignature,
} from "./signature.ts";
import { type ScalarCheck, scalarCheck } from "./scalar_check.ts";

/** Name of an op. */
export type OpName = keyof Ops;

/** Every op, in the order of {@linkcode SIGNATURES}. */
export const OP_NAMES = Object.keys(SIGNATURES) as OpName[];

/** The signature of an op, taken apart: calls are checked by it. */
export interface CompiledOp {
  readonly op: OpName;
  readonly tensors: readonly CompiledTensor[];
  /** Places of the tensors that it writes, and what each may take the place of, or -1. */
  readonly results: readonly {
    readonly place: number;
    readonly over: number;
  }[];
  readonly scalars: readonly {
    readonly name: string;
    readonly check: ScalarCheck;
  }[];
}

/** A tensor's signature with its shape taken apart. */
export interface CompiledTensor extends TensorSignature {
  readonly name: string;
  readonly isAnyShape: boolean;
  /** Whether any dimensions may stand before the others. */
  readonly isLed: boolean;
  readonly dimensions: readonly Dimension[];
}

/** `3H` of a shape. */
interface Dimension {
  readonly factor: number;
  /** Place of the letter in {@linkcode SIZE_NAMES}. */
  readonly place: number;
}

/** Where a size is among the extents of a call. */
export function placeOf(size: SizeName): number {
  return SIZE_NAMES.indexOf(size);
}

/** Takes an op's signature apart. */
export function compileOp(op: OpName): CompiledOp {
  const { tensors, scalars }: OpSignature = SIGNATURES[op];
  const names = Object.keys(tensors);
  return {
    op,
    results: Object.values(tensors).flatMap(({ use, over }, place) =>
      use === "in" ? [] : [{ place, over: names.indexOf(over ?? "") }]
    ),
    tensors: Object.entries(tensors).map(compileTensor),
    scalars: Object.entries(scalars).map(([name, signature]) => (
      { name, check: scalarCheck(op, name, signature) }
    )),
  };
}

function compileTensor(
  [name, signature]: readonly [string, TensorSignature],
): CompiledTensor {
  const parts = signature.shape.split(" ").filter((part) => part !== "");
  const isAnyShape = parts[0] === "*", isLed = parts[0] === "...";
  const dimensions = parts.slice(isAnyShape || isLed ? 1 : 0).map((part) => ({
    factor: Number(part.slice(0, -1) || 1),
    place: placeOf(part.slice(-1) as SizeName),
  }));
  return { ...signature, name, isAnyShape, isLed, dimensions };
}
