/**
 * The words in which ops.ts states what an op takes.
 *
 * A shape is written in letters, `"T B 3H"`: a letter stands for the same number
 * wherever it stands in an op's signature, a number before it multiplies it. `""` is a
 * scalar, `"... I"` any leading dimensions before `I`, `"*"` any shape of as many
 * elements as every other `"*"` has.
 *
 * @module
 */

import type { DType, Tensor } from "./tensor.ts";

/** One tensor among an op's arguments. */
export interface TensorSignature {
  /** Its element type; `any` is the same type wherever it stands. */
  readonly dtype: DType | "any";
  /** Its shape in letters. */
  readonly shape: string;
  /** Whether the op overwrites it (`out`), changes it or only reads it. */
  readonly use: "in" | "out" | "in place";
  /** Whether it may be left out. */
  readonly isOptional: boolean;
  /** For token ids: the letter that they are below. */
  readonly below?: SizeName;
  /** For a result: the argument that it may take the place of. */
  readonly over?: string;
  /** For an optional one: arguments of which it is of no use without at least one. */
  readonly requires?: readonly string[];
  /** For an optional one: whether the op's scalars need it; else it is not used. */
  readonly isNeeded?: (scalars: Readonly<Record<string, unknown>>) => boolean;
}

/** A tensor that must be given. */
interface RequiredTensor<Type extends DType | "any"> extends TensorSignature {
  readonly dtype: Type;
  readonly isOptional: false;
}

/** The same signature, with the changes in `Changed`. */
type With<Given, Changed> = Omit<Given, keyof Changed> & Readonly<Changed>;

/** Real numbers that the op reads. */
export function f32(shape: string): RequiredTensor<"f32"> {
  return { dtype: "f32", shape, use: "in", isOptional: false };
}

/** Words that the op reads. */
export function u32(shape: string): RequiredTensor<"u32"> {
  return { dtype: "u32", shape, use: "in", isOptional: false };
}

/** Token ids that the op reads, each less than the letter `below` stands for. */
export function ids(shape: string, below: SizeName): RequiredTensor<"u32"> {
  return { ...u32(shape), below };
}

/** Elements of any type that the op reads. */
export function any(shape: string): RequiredTensor<"any"> {
  return { dtype: "any", shape, use: "in", isOptional: false };
}

/** A tensor that may be left out. */
export function optional<Given extends TensorSignature>(
  tensor: Given,
): With<Given, { isOptional: true }> {
  return { ...tensor, isOptional: true };
}

/** A tensor that the op overwrites. */
export function result<Given extends TensorSignature>(
  tensor: Given,
): With<Given, { use: "out" }> {
  return { ...tensor, use: "out" };
}

/** A tensor that the op changes. */
export function inPlace<Given extends TensorSignature>(
  tensor: Given,
): With<Given, { use: "in place" }> {
  return { ...tensor, use: "in place" };
}

/** A result that may be the argument of this name itself. */
export function over<Given extends TensorSignature>(
  argument: string,
  tensor: Given,
): With<Given, { over: string }> {
  return { ...tensor, over: argument };
}

/** An optional tensor that is given only together with one of these arguments. */
export function requiring<Given extends TensorSignature>(
  others: string | readonly string[],
  tensor: Given,
): With<Given, { requires: readonly string[] }> {
  return { ...tensor, requires: [others].flat() };
}

/** A number among an op's arguments, within a range. */
export interface NumberSignature<Default = number | undefined> {
  readonly kind: "number";
  /** Whether it has no fraction. */
  readonly isWhole?: boolean;
  /** The least that it may be. */
  readonly from?: number;
  /** What it must be greater than. */
  readonly above?: number;
  /** The greatest that it may be. */
  readonly to?: number;
  /** What it must be less than: a number, or a letter of the op's shapes. */
  readonly below?: number | SizeName;
  /** What a backend gets in place of a lesser number. */
  readonly least?: number;
  /** What a backend gets in place of a greater one: a number, or a letter. */
  readonly most?: number | SizeName;
  /** What it is where it is left out. */
  readonly default: Default;
}

/** One of several strings; kernels are given its index. */
export interface ChoiceSignature<
  Value extends string = string,
  Default = string | undefined,
> {
  readonly kind: "choice";
  readonly values: readonly Value[];
  readonly default: Default;
}

/** A few words of 32 bits. */
export interface WordsSignature {
  readonly kind: "words";
  readonly count: number;
  readonly default: undefined;
}

/** One argument of an op that is no tensor. */
export type ScalarSignature =
  | NumberSignature
  | ChoiceSignature
  | WordsSignature;

/** The limits of a number. */
export type NumberRange = Omit<NumberSignature, "kind" | "default">;

/** A number that must be given. */
export function number(range: NumberRange): NumberSignature<undefined>;
/** A number that may be left out. */
export function number(
  range: NumberRange,
  standard: number,
): NumberSignature<number>;
export function number(range: NumberRange, standard?: number): NumberSignature {
  return { kind: "number", ...range, default: standard };
}

/** One of `values`, which must be given. */
export function choice<Value extends string>(
  values: readonly Value[],
): ChoiceSignature<Value, undefined>;
/** One of `values`, `standard` where it is left out. */
export function choice<Value extends string>(
  values: readonly Value[],
  standard: Value,
): ChoiceSignature<Value, Value>;
export function choice(values: readonly string[], standard?: string) {
  return { kind: "choice", values, default: standard };
}

/** So many words of 32 bits. */
export function words(count: number): WordsSignature {
  return { kind: "words", count, default: undefined };
}

/** The letters of shapes, and `rows` and `size`: see {@linkcode OpSignature.sizes}. */
export const SIZE_NAMES = [
  ...["B", "E", "H", "I", "O", "P", "T", "V"] as const,
  ...["rows", "size"] as const,
] as const;

/** A letter of a shape, `rows` or `size`. */
export type SizeName = typeof SIZE_NAMES[number];

/** An op's arguments: every tensor, every scalar, and the sizes that its kernels take. */
export interface OpSignature {
  readonly tensors: Readonly<Record<string, TensorSignature>>;
  readonly scalars: Readonly<Record<string, ScalarSignature>>;
  /**
   * Letters in the order in which kernels take them. `rows` is the product of the
   * leading dimensions, those of `...` or `T` and `B`; `size` is the number of elements
   * of `*`. A letter of optional tensors alone is 0 where none of them is given.
   */
  readonly sizes: readonly SizeName[];
}

/** Arguments that hold words, in every op that has one of this name. */
export type WordsArgument = "ids" | "targets" | "tokens" | "seen";

/** Those of an op's arguments that are tensors. */
export type TensorName<Arguments> = {
  [Name in keyof Arguments]-?: Arguments[Name] extends Tensor | undefined ? Name
    : never;
}[keyof Arguments];

/** `Yes` if an argument may be left out, else `No`. */
type IfOptional<Arguments, Name extends keyof Arguments, Yes, No> =
  undefined extends Arguments[Name] ? Yes : No;

/** The signature of a scalar of these values. */
type ScalarOf<Value, Default> = [Value] extends [number]
  ? NumberSignature<Default>
  : [Value] extends [string] ? ChoiceSignature<Value, Default>
  : WordsSignature;

/**
 * The signature of an op that takes these arguments: one entry for each, optional
 * where the argument is, with a default where a scalar may be left out. Any other is
 * an error of the compiler.
 */
export interface SignatureOf<Arguments> {
  readonly tensors: {
    readonly [Name in TensorName<Arguments>]-?: TensorSignature & {
      readonly dtype: Name extends WordsArgument ? "u32" : "f32" | "any";
      readonly isOptional: IfOptional<Arguments, Name, true, false>;
    };
  };
  readonly scalars: {
    readonly [Name in Exclude<keyof Arguments, TensorName<Arguments>>]-?:
      ScalarOf<
        Exclude<Arguments[Name], undefined>,
        IfOptional<
          Arguments,
          Name,
          Exclude<Arguments[Name], undefined>,
          undefined
        >
      >;
  };
  readonly sizes: readonly SizeName[];
}
