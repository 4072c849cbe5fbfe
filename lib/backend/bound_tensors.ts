/**
 * A call's tensors, as its op's signature binds them.
 *
 * @module
 */

import type { Owner } from "./owner.ts";
import { sizeOf } from "./shapes.ts";
import { SIZE_NAMES } from "./signature.ts";
import { describe, type Storage, type StoredTensor } from "./stored_tensor.ts";
import type { DType, Tensor } from "./tensor.ts";
import type { Given } from "./call.ts";
import {
  type CompiledOp,
  type CompiledTensor,
  placeOf,
} from "./compiled_op.ts";

/** A call's tensors, and what these tell. */
export interface BoundTensors<Kind extends Storage> {
  /** In the signature's order. */
  readonly tensors: (StoredTensor<Kind> | undefined)[];
  /** What letters stand for: the first tensor that has one tells. */
  readonly extents: number[];
  /** The dimensions that `...` stands for. */
  leading?: readonly number[];
  /** The type that `any` stands for. */
  dtype?: DType;
}

const B = placeOf("B"), T = placeOf("T");
const ROWS = placeOf("rows"), SIZE = placeOf("size");

/**
 * Takes the tensors that a call is given.
 *
 * @throws {TypeError} If one is missing, another backend's, freed, or of another type
 * than the signature says.
 * @throws {RangeError} If one is of another shape.
 */
export function takeTensors<Kind extends Storage>(
  { op, tensors: signatures }: CompiledOp,
  owner: Owner,
  given: Given,
): BoundTensors<Kind> {
  const bound: BoundTensors<Kind> = {
    tensors: signatures.map(({ name }) => {
      const tensor = given[name] as Tensor | undefined;
      return tensor && owner.tensor<Kind>(op, name, tensor);
    }),
    extents: SIZE_NAMES.map(() => 0),
  };
  const { tensors, extents } = bound;
  signatures.forEach((signature, i) => {
    const tensor = tensors[i];
    if (tensor) bind(bound, signature, tensor);
  });
  signatures.forEach((signature, i) => {
    assertRight(op, signature, tensors[i], bound);
  });
  signatures.forEach(({ requires }, i) => {
    const others = requires?.map((name) =>
      signatures.findIndex((other) => other.name === name)
    );
    if (!tensors[i] || !others || others.some((at) => tensors[at])) return;
    throw missing(op, signatures[others[0]], bound);
  });
  const { leading } = bound;
  extents[ROWS] = leading ? sizeOf(leading) : extents[T] * extents[B];
  return bound;
}

/**
 * Leaves out the tensors that the scalars do not need.
 *
 * @throws {TypeError} If one is missing that they need.
 */
export function keepNeeded<Kind extends Storage>(
  { op, tensors: signatures }: CompiledOp,
  bound: BoundTensors<Kind>,
  scalars: Given,
): void {
  for (const [i, signature] of signatures.entries()) {
    const { isNeeded } = signature;
    if (!isNeeded) continue;
    if (!isNeeded(scalars)) bound.tensors[i] = undefined;
    else if (!bound.tensors[i]) throw missing(op, signature, bound);
  }
}

/**
 * The first result that shares elements with another argument, and that one, by their
 * places; undefined if all results are apart.
 */
export function overlapOf(
  { results }: CompiledOp,
  tensors: readonly (StoredTensor | undefined)[],
): readonly [result: number, other: number] | undefined {
  for (let i = 0; i < results.length; i++) {
    const { place, over } = results[i], result = tensors[place];
    if (!result) continue;
    for (let k = 0; k < tensors.length; k++) {
      const other = tensors[k];
      if (k === place || !other || !result.overlaps(other)) continue;
      if (k !== over || result.offset !== other.offset) return [place, k];
    }
  }
  return undefined;
}

/** Lets a tensor say what the letters stand for that no tensor before it has. */
function bind(
  bound: BoundTensors<Storage>,
  { isAnyShape, isLed, dimensions, dtype }: CompiledTensor,
  tensor: StoredTensor,
): void {
  const { extents } = bound;
  if (dtype === "any") bound.dtype ??= tensor.dtype;
  if (isAnyShape) {
    extents[SIZE] ||= tensor.size;
    return;
  }
  const { shape } = tensor;
  const first = shape.length - dimensions.length;
  if (first < 0 || (first > 0 && !isLed)) return;
  if (isLed) bound.leading ??= shape.slice(0, first);
  dimensions.forEach(({ factor, place }, i) => {
    if (factor === 1) extents[place] ||= shape[first + i];
  });
}

/** Throws unless a tensor is there, or may be left out, and is of its type and shape. */
function assertRight(
  op: string,
  signature: CompiledTensor,
  tensor: StoredTensor | undefined,
  bound: BoundTensors<Storage>,
): void {
  const { name, isOptional, dtype } = signature;
  if (!tensor) {
    if (isOptional) return;
    throw missing(op, signature, bound);
  }
  const isOfType = tensor.dtype === (dtype === "any" ? bound.dtype : dtype);
  if (isOfType && hasShape(signature, tensor, bound)) return;
  const message = `${op}: ${name} is ${describe(tensor)}, ` +
    `expected ${expected(signature, bound)}`;
  throw isOfType ? new RangeError(message) : new TypeError(message);
}

function hasShape(
  { isAnyShape, isLed, dimensions }: CompiledTensor,
  { shape, size }: StoredTensor,
  { extents, leading = [] }: BoundTensors<Storage>,
): boolean {
  if (isAnyShape) return size === extents[SIZE];
  const before = isLed ? leading : [];
  const wanted = [
    ...before,
    ...dimensions.map(({ factor, place }) => factor * extents[place]),
  ];
  return shape.length === wanted.length &&
    shape.every((extent, i) => extent === wanted[i]);
}

/** The type and shape that a tensor should have, in numbers where these are known. */
function expected(
  { dtype, isAnyShape, isLed, dimensions }: CompiledTensor,
  { extents, leading = ["…"], dtype: same = "any type" }: {
    readonly extents: readonly number[];
    readonly leading?: readonly (number | string)[];
    readonly dtype?: string;
  },
): string {
  const type = dtype === "any" ? same : dtype;
  if (isAnyShape) {
    return `${extents[SIZE] || "any number of"} elements of ${type}`;
  }
  const shape = dimensions.map(({ factor, place }) => {
    const extent = extents[place];
    if (extent > 0) return factor * extent;
    return `${factor === 1 ? "" : factor}${SIZE_NAMES[place]}`;
  });
  return `${type} (${[...isLed ? leading : [], ...shape].join(", ")})`;
}

function missing(
  op: string,
  signature: CompiledTensor,
  bound: BoundTensors<Storage>,
): TypeError {
  const { name } = signature;
  return new TypeError(
    `${op}: ${name} is missing, expected ${expected(signature, bound)}`,
  );
}
