/**
 * Settings as values: which values each one can have, its default, and its purpose.
 * Options, checks, command-line flags and forms are derived from such tables.
 *
 * @module
 */

import { FormatError, InputError } from "./input_error.ts";
import type { JsonObject } from "./json_value.ts";

/** A range of numbers for a setting. */
export interface NumberRange {
  /** Whether only whole numbers are allowed. */
  readonly kind: "integer" | "number";
  /** The smallest number allowed; `-Infinity`: no limit. */
  readonly least: number;
  /** Whether the number has to be above `least`, not equal to it. */
  readonly above?: boolean;
  /** The number has to be below this. */
  readonly below?: number;
  /** The largest number allowed. */
  readonly most?: number;
}

/** A setting that is one of a few names. */
export interface Choice<Name extends string> {
  /** The kind: one of a few names. */
  readonly kind: "choice";
  /** The names, in the order in which they are shown. */
  readonly choices: readonly Name[];
}

/** A setting that is true or false. */
export interface Switch {
  /** The kind: true or false. */
  readonly kind: "boolean";
}

/** The description of a setting. */
export interface Described {
  /** Its name within a sentence: `learning rate`. */
  readonly name: string;
  /** What it does, in words for people. */
  readonly help: string;
  /** The default in words, if its value does not explain itself. */
  readonly defaultText?: string;
  /** It has an effect only with these choices of other settings. */
  readonly onlyWith?: Readonly<Record<string, readonly string[]>>;
}

/** A setting of any kind. */
export type Setting =
  & Described
  & (NumberRange | Choice<string> | Switch)
  & { readonly default: unknown };

/** The kind of a setting whose values have the type `T`, apart from null. */
export type KindOf<T> = [T] extends [boolean | null] ? Switch
  : [T] extends [string | null] ? Choice<NonNullable<T>>
  : NumberRange;

/**
 * A table with an entry for each field of the record `R`, in the order of the record.
 */
export type SettingsOf<R extends object> = {
  readonly [Key in keyof R]-?:
    & Described
    & KindOf<Exclude<R[Key], undefined>>
    & {
      /** Its value if none is given; a function if that depends on other settings. */
      readonly default:
        | Exclude<R[Key], undefined>
        | ((others: R) => Exclude<R[Key], undefined>);
    };
};

/**
 * A complete record: the given settings, and defaults for the rest.
 *
 * @throws {RangeError} If a name is not one of the choices of its setting.
 *
 * @example
 * ```ts
 * import { filledIn, type SettingsOf } from "./setting.ts";
 *
 * interface Walk {
 *   readonly steps: number;
 *   readonly rests: number;
 * }
 * const count = { kind: "integer", least: 0, help: "how many there are" } as const;
 * const settings: SettingsOf<Walk> = {
 *   steps: { ...count, name: "number of steps", default: 100 },
 *   rests: {
 *     ...count,
 *     name: "number of rests",
 *     default: ({ steps }) => steps / 50,
 *   },
 * };
 * console.assert(filledIn(settings, { steps: 200 }).rests === 4);
 * ```
 */
export function filledIn<R extends object>(
  settings: SettingsOf<R>,
  given: Partial<R>,
): R {
  const keys = Object.keys(settings) as (keyof R)[];
  for (const key of keys) { // the names first: other defaults are looked up by them
    const setting: Setting = settings[key];
    const value = given[key] ?? null;
    if (setting.kind === "choice" && value !== null) {
      assertSetting(setting, value, "");
    }
  }
  const record = (others?: R) =>
    Object.fromEntries(keys.map((key) => {
      const standard: unknown = settings[key].default;
      const depends = typeof standard === "function";
      return [
        key,
        given[key] ?? (depends ? others && standard(others) : standard),
      ];
    })) as R;
  return record(record());
}

/** More than anyone needs, and little enough for sums and quotients in float32. */
export const MOST = 1e30;

/**
 * Throws unless a setting may have the value.
 *
 * @param attempt What the value would be used for, up to the value itself: `Cannot
 * train with a learning rate of`.
 * @throws {RangeError} If it is out of the setting's range.
 * @throws {TypeError} If it is of another type.
 *
 * @example
 * ```ts
 * import { assertSetting } from "./setting.ts";
 *
 * const layers = {
 *   kind: "integer",
 *   least: 1,
 *   name: "number of layers",
 *   help: "how many layers there are",
 *   default: 1,
 * } as const;
 * assertSetting(layers, 2, "Cannot build a model with the number of layers");
 * ```
 */
export function assertSetting(
  setting: Setting,
  value: unknown,
  attempt: string,
): void {
  const fault = faultOf(setting, value, attempt);
  if (!fault) return;
  throw fault.isKind
    ? new TypeError(fault.message)
    : new InputError(fault.message);
}

/** What is wrong with a setting's value, if anything, and whether its kind is. */
function faultOf(
  setting: Setting,
  value: unknown,
  attempt: string,
): { readonly message: string; readonly isKind: boolean } | undefined {
  if (value === null && setting.default === null) return;
  if (setting.kind === "choice") {
    if (setting.choices.some((choice) => choice === value)) return;
    const known = setting.choices.map((choice) => `"${choice}"`).join(", ");
    const message = `Unknown ${setting.name} ${shown(value)}: expected one of `;
    return { message: message + known, isKind: typeof value !== "string" };
  }
  const found = `${attempt} ${shown(value)}`;
  if (setting.kind === "boolean") {
    if (typeof value === "boolean") return;
    return { message: `${found}: expected true or false`, isKind: true };
  }
  const message = `${found}: expected ${rangeText(setting)}`;
  if (typeof value !== "number") return { message, isKind: true };
  if (value > MOST) {
    return { message: `${message}, up to ${MOST}`, isKind: false };
  }
  if (value < -MOST && setting.least < -MOST) {
    return { message: `${message} of at least ${-MOST}`, isKind: false };
  }
  if (!isInRange(setting, value)) return { message, isKind: false };
}

/**
 * Throws, as {@linkcode assertSetting} does, unless a record's fields may have their
 * values.
 *
 * @param attempt What a value would be used for, by the setting's name.
 */
export function assertRecord<R extends object>(
  settings: SettingsOf<R>,
  record: R,
  attempt: (name: string) => string,
): void {
  for (const key of Object.keys(settings) as (keyof R)[]) {
    const setting: Setting = settings[key];
    assertSetting(setting, record[key], attempt(setting.name));
  }
}

/** Whether a number is in a range. */
export function isInRange(range: NumberRange, value: number): boolean {
  return value <= (range.most ?? Infinity) &&
    value < (range.below ?? Infinity) &&
    (range.above ? value > range.least : value >= range.least) &&
    (range.kind === "number" || Number.isSafeInteger(value));
}

/** A range in words: `a whole number from 1 to 1000`. */
export function rangeText(range: NumberRange): string {
  const { kind, above, least, most, below } = range;
  const what = kind === "integer" ? "a whole number" : "a number";
  if (least === -Infinity) return what;
  const from = above ? `${what} above ${least}` : `${what} from ${least}`;
  if (most !== undefined) return `${from}${above ? ", up" : ""} to ${most}`;
  if (below !== undefined) {
    return `${what} of at least ${least} and below ${below}`;
  }
  return above ? from : `${what} of at least ${least}`;
}

/**
 * A record that was read from a file, its fields checked. A field may be missing: a
 * version that did not have the setting wrote the file.
 *
 * @param what What the record is, for messages: `training`.
 * @throws {FormatError} If a field is no setting, or no value that one may have.
 */
export function readRecord<R extends object>(
  settings: SettingsOf<R>,
  read: JsonObject,
  what: string,
): Partial<R> {
  const table = new Map<string, Setting>(Object.entries(settings));
  for (const [key, value] of read) {
    const setting = table.get(key);
    if (!setting) {
      throw new FormatError(
        `its ${what} has the unknown setting ${shown(key)}`,
      );
    }
    const attempt = `its ${what} has the ${setting.name}`;
    const fault = faultOf(setting, value, attempt);
    if (fault) throw new FormatError(fault.message);
  }
  return Object.fromEntries(read) as Partial<R>;
}

/** A value of any kind as a message shows it: on one line, in quotes if it is a text. */
function shown(value: unknown): string {
  return typeof value === "string" || typeof value === "object" && value
    ? JSON.stringify(value)
    : String(value);
}
