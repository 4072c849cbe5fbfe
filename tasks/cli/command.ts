/**
 * A command and its flags: one table for parsing, checking and help.
 *
 * @module
 */

import type { NumberRange } from "../../lib/setting.ts";

/** A flag as its command's table has it. */
export type Flag =
  | SwitchFlag
  | TextFlag
  | ChoiceFlag<string>
  | NumberFlag;

/** A command's flags by name, without the dashes. */
export type Flags = Readonly<Record<string, Flag>>;

interface Described {
  /** What it does, for the help text. */
  readonly help: string;
  /** What the help text shows for a default that the command itself fills in. */
  readonly standard?: string;
}

/** A flag without a value. */
export interface SwitchFlag extends Described {
  readonly kind: "switch";
}

/** A flag with any text as its value. */
export interface TextFlag extends Described {
  readonly kind: "text";
  /** What stands for the value in the help text: `PATH`. */
  readonly value: string;
  readonly default?: string;
  /** Whether an empty text is for the command to judge. */
  readonly mayBeEmpty?: boolean;
}

/** A flag with one of a few words as its value. */
export interface ChoiceFlag<C extends string> extends Described {
  readonly kind: "choice";
  readonly choices: readonly C[];
  readonly default?: C;
}

/** A flag with a number as its value. */
export interface NumberFlag extends Described, NumberRange {
  readonly default?: number;
}

/** What a command line may have beside flags: one text. */
export interface Argument extends Described {
  /** What stands for it in the help text: `FILE`. */
  readonly value: string;
  /** Whether the command can do without it. */
  readonly optional?: boolean;
  /** Whether there may be several. */
  readonly several?: boolean;
}

/** A command's table. */
export interface Command<F extends Flags> {
  readonly name: string;
  /** What its description in deno.json leaves open. */
  readonly details: string;
  /** What stands before, between or behind the flags. */
  readonly argument?: Argument;
  readonly flags: F;
  /** Command lines to try. */
  readonly examples: readonly string[];
}

type ValueOf<F extends Flag> = F extends SwitchFlag ? boolean
  : F extends TextFlag ? string
  : F extends ChoiceFlag<infer C> ? C
  : number;

/** Values by flag; undefined where a flag has no default and was not given. */
export type Values<F extends Flags> = {
  readonly [K in keyof F]: F[K] extends { readonly default: string | number }
    ? ValueOf<F[K]>
    : F[K] extends SwitchFlag ? boolean
    : ValueOf<F[K]> | undefined;
};

/** Lets TypeScript infer a choice's words. */
export function choice<const C extends string>(
  choices: readonly C[],
  value: C,
  help: string,
): ChoiceFlag<C> & { readonly default: C } {
  return { kind: "choice", choices, default: value, help };
}
