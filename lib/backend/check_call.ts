/**
 * The one check of an op's arguments: what a call must be like follows from the op's
 * signature in ops.ts, and every backend refuses the same calls in the same words.
 *
 * @module
 */

import { type Ops, SIGNATURES } from "./ops.ts";
import { checkScalar } from "./check_scalar.ts";
import type { Owner } from "./owner.ts";
import type {
  OpSignature,
  ScalarSignature,
  SizeName,
  TensorName,
  TensorSignature,
  WordsArgument,
} from "./signature.ts";
import { describe, type Storage, type StoredTensor } from "./stored_tensor.ts";
import type { DType, Tensor } from "./tensor.ts";
import { sizeOf } from "./shapes.ts";

/** Name of an op. */
export type OpName = keyof Ops;

/** Every op, in the order of {@linkcode SIGNATURES}. */
export const OP_NAMES = Object.keys(SIGNATURES) as OpName[];

/** The numbers that letters of a call's shapes stand for. */
export type Sizes<Names extends SizeName = SizeName> = Readonly<
  Record<Names, number>
>;

type Arguments<Op extends OpName> = Parameters<Ops[Op]>[0];

/** The op whose tensors are of any type. */
type AnyTypeOp = "copy";

/** An op's tensors, each as a backend has them by their element types. */
export type Tensors<Op extends OpName, F32, U32> = {
  readonly [Name in TensorName<Arguments<Op>>]:
    | (Name extends WordsArgument ? U32
      : Op extends AnyTypeOp ? F32 | U32
      : F32)
    | (undefined extends Arguments<Op>[Name] ? undefined : never);
};

/** An op's other arguments, none of them left out, as its signature bounds them. */
export type Scalars<Op extends OpName> = Readonly<
  Required<Omit<Arguments<Op>, TensorName<Arguments<Op>>>>
>;

/** A call that is checked, of an op that is known when it runs. */
export interface Call<Kind extends Storage> {
  readonly sizes: Sizes;
  /** By their names, without those that the call does not use. */
  readonly tensors: Readonly<Record<string, StoredTensor<Kind>>>;
  readonly scalars: Readonly<Record<string, unknown>>;
}

/** How a backend runs each op: a function of sizes, tensors and scalars. */
export type Implementations<F32, U32 = F32> = {
  readonly [Op in OpName]: (
    sizes: Sizes,
    tensors: Tensors<Op, F32, U32>,
    scalars: Scalars<Op>,
  ) => void;
};

/**
 * How an op runs that is known when it runs. That what the function is given is the
 * op's own follows from the check of the call.
 */
export function implementationOf<F32, U32>(
  implementations: Implementations<F32, U32>,
  op: OpName,
): (
  sizes: Sizes,
  tensors: Readonly<Record<string, F32 | U32>>,
  scalars: Readonly<Record<string, unknown>>,
) => void {
  return implementations[op] as ReturnType<typeof implementationOf<F32, U32>>;
}

/**
 * The ops of a backend.
 *
 * @param owner Whose tensors they take.
 * @param implement Gives for an op what runs its calls, once they are checked.
 */
export function checkedOps<Kind extends Storage>(
  owner: Owner,
  implement: (op: OpName) => (call: Call<Kind>) => void,
): Ops {
  const entries = OP_NAMES.map((op) => {
    const signature: OpSignature = SIGNATURES[op];
    const tensors = Object.entries(signature.tensors).map(compiled);
    const scalars = Object.entries(signature.scalars);
    const { sizes } = signature;
    const run = implement(op);
    return [op, (given: Given) => {
      owner.assertOpen(op);
      run(checkCall<Kind>({ op, tensors, scalars, sizes, owner }, given));
    }];
  });
  return Object.fromEntries(entries) as Ops;
}

/** The error for a token id that is not below `bound`. */
export function wrongId(
  op: OpName,
  argument: string,
  id: number,
  bound: number,
): RangeError {
  return new RangeError(
    `${op}: ${argument} has ${id}, expected ids below ${bound}`,
  );
}

/** What an op is called with, not looked at yet. */
type Given = Readonly<Record<string, unknown>>;

/** A tensor's signature with its shape taken apart. */
interface CompiledTensor extends TensorSignature {
  readonly name: string;
  readonly isAnyShape: boolean;
  /** Whether any dimensions may stand before the others. */
  readonly isLed: boolean;
  readonly dimensions: readonly {
    readonly letter: SizeName;
    readonly factor: number;
  }[];
}

function compiled(
  [name, signature]: readonly [string, TensorSignature],
): CompiledTensor {
  const parts = signature.shape.split(" ").filter((part) => part !== "");
  const isAnyShape = parts[0] === "*", isLed = parts[0] === "...";
  const dimensions = parts.slice(isAnyShape || isLed ? 1 : 0).map((part) => ({
    letter: part.slice(-1) as SizeName,
    factor: Number(part.slice(0, -1) || 1),
  }));
  return { ...signature, name, isAnyShape, isLed, dimensions };
}

/** What a call's tensors tell. */
interface Bound {
  /** What the letters stand for; one that is in no shape is not there. */
  readonly sizes: Record<SizeName, number>;
  /** The dimensions that `...` stands for. */
  leading?: readonly number[];
  /** The type that `any` stands for. */
  dtype?: DType;
}

function checkCall<Kind extends Storage>(
  { op, tensors, scalars, sizes: wanted, owner }: {
    op: OpName;
    tensors: readonly CompiledTensor[];
    scalars: readonly (readonly [string, ScalarSignature])[];
    sizes: readonly SizeName[];
    owner: Owner;
  },
  given: Given,
): Call<Kind> {
  const found: Record<string, StoredTensor<Kind>> = {};
  const bound: Bound = { sizes: {} as Bound["sizes"] };
  for (const signature of tensors) {
    const { name } = signature;
    const tensor = given[name] as Tensor | undefined;
    if (tensor === undefined) continue;
    found[name] = owner.tensor(op, name, tensor);
    bind(bound, signature, found[name]);
  }
  for (const signature of tensors) {
    assertTensor(op, signature, found[signature.name], bound);
  }
  for (const { name, requires } of tensors) {
    if (!requires || !found[name]) continue;
    if (requires.some((other) => found[other])) continue;
    const [first] = requires;
    throw missing(op, tensors.find(({ name }) => name === first)!, bound);
  }
  const { sizes, leading } = bound;
  sizes.rows = leading ? sizeOf(leading) : sizes.T * sizes.B;
  for (const name of wanted) sizes[name] ??= 0;
  const values: Record<string, unknown> = {};
  for (const [name, signature] of scalars) {
    values[name] = checkScalar(op, name, signature, given[name], sizes);
  }
  for (const signature of tensors) {
    const { name, isNeeded } = signature;
    if (!isNeeded) continue;
    if (!isNeeded(values)) delete found[name];
    else if (!found[name]) throw missing(op, signature, bound);
  }
  assertApart(op, tensors, found);
  return { sizes, tensors: found, scalars: values };
}

/** Lets a tensor say what the letters stand for that no tensor before it has. */
function bind(
  bound: Bound,
  { isAnyShape, isLed, dimensions, dtype }: CompiledTensor,
  tensor: StoredTensor,
): void {
  if (dtype === "any") bound.dtype ??= tensor.dtype;
  if (isAnyShape) {
    bound.sizes.size ??= tensor.size;
    return;
  }
  const { shape } = tensor;
  const first = shape.length - dimensions.length;
  if (first < 0 || (first > 0 && !isLed)) return;
  if (isLed) bound.leading ??= shape.slice(0, first);
  dimensions.forEach(({ letter, factor }, i) => {
    if (factor === 1) bound.sizes[letter] ??= shape[first + i];
  });
}

/** Throws unless a tensor is there, or may be left out, and is of its type and shape. */
function assertTensor(
  op: OpName,
  signature: CompiledTensor,
  tensor: StoredTensor | undefined,
  bound: Bound,
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
  { sizes, leading = [] }: Bound,
): boolean {
  if (isAnyShape) return size === sizes.size;
  const first = isLed ? leading.length : 0;
  return shape.length === first + dimensions.length &&
    leading.slice(0, first).every((extent, i) => extent === shape[i]) &&
    dimensions.every(({ letter, factor }, i) =>
      shape[first + i] === factor * sizes[letter]
    );
}

/** The type and shape that a tensor should have, in numbers where these are known. */
function expected(
  { dtype, isAnyShape, isLed, dimensions }: CompiledTensor,
  { dtype: type, sizes, leading }: Bound,
): string {
  const kind = dtype === "any" ? type ?? "any type" : dtype;
  if (isAnyShape) return `${sizes.size ?? "any number of"} elements of ${kind}`;
  const shape: (string | number)[] = isLed ? [...leading ?? ["…"]] : [];
  for (const { letter, factor } of dimensions) {
    const extent = sizes[letter];
    if (extent !== undefined) shape.push(factor * extent);
    else shape.push(factor === 1 ? letter : `${factor}${letter}`);
  }
  return `${kind} (${shape.join(", ")})`;
}

function missing(
  op: OpName,
  signature: CompiledTensor,
  bound: Bound,
): TypeError {
  return new TypeError(
    `${op}: ${signature.name} is missing, expected ${
      expected(signature, bound)
    }`,
  );
}

/** Throws a RangeError if a result shares elements with another argument. */
function assertApart(
  op: OpName,
  tensors: readonly CompiledTensor[],
  found: Readonly<Record<string, StoredTensor>>,
): void {
  for (const { name, use, over } of tensors) {
    const written = found[name];
    if (!written || use === "in") continue;
    for (const other of tensors) {
      const tensor = found[other.name];
      if (!tensor || tensor === written && other.name === name) continue;
      if (!written.overlaps(tensor)) continue;
      if (other.name === over && written.offset === tensor.offset) continue;
      throw new RangeError(
        `${op}: ${name} shares elements with ${other.name}, ` +
          `expected a result that overlaps no other argument`,
      );
    }
  }
}
