/**
 * Flags of settings: named, bounded and described by the settings' table.
 *
 * @module
 */

import type { Setting, SettingsOf } from "../../lib/setting.ts";
import type { ChoiceFlag, Flag, NumberFlag, SwitchFlag } from "./command.ts";

/** A setting's name as its flag has it: `batchSize` as `batch-size`. */
export type FlagName<Key extends string> = Key extends
  `${infer First}${infer Rest}` ? `${First extends Lowercase<First> ? First
    : `-${Lowercase<First>}`}${FlagName<Rest>}`
  : Key;

type FlagOf<T> = [T] extends [boolean] ? SwitchFlag
  : [T] extends [string] ? ChoiceFlag<T>
  : NumberFlag;

/** A flag for each setting of the record `R`; none has a default of its own. */
export type FlagsOf<R extends object> = {
  readonly [Key in keyof R & string as FlagName<Key>]: FlagOf<R[Key]>;
};

/**
 * The flags of a table of settings. A default is shown, not filled in: it may be a
 * preset's.
 *
 * @example
 * ```ts
 * import { PARTITION_SETTINGS } from "../../lib/partition.ts";
 * import { flagsOf } from "./setting_flags.ts";
 *
 * const flags = flagsOf(PARTITION_SETTINGS);
 * console.assert(flags["batch-size"].standard === "32");
 * ```
 */
export function flagsOf<R extends object>(settings: SettingsOf<R>): FlagsOf<R> {
  const table = Object.entries(settings) as [string, Setting][];
  return Object.fromEntries(
    table.map(([key, setting]) => [flagName(key), flagOf(setting)]),
  ) as FlagsOf<R>;
}

/** A setting's key as its flag is called, without the dashes. */
export function flagName<Key extends string>(key: Key): FlagName<Key> {
  return key.replace(
    /[A-Z]/g,
    (letter) => `-${letter.toLowerCase()}`,
  ) as FlagName<Key>;
}

function flagOf(setting: Setting): Flag {
  const { help } = setting;
  if (setting.kind === "boolean") return { kind: "switch", help };
  const standard = setting.defaultText ?? String(setting.default);
  if (setting.kind === "choice") {
    return { kind: "choice", choices: setting.choices, standard, help };
  }
  const { kind, least, above, below, most } = setting;
  return { kind, least, above, below, most, standard, help };
}

/**
 * The settings that the values of their flags stand for, each there only if its flag
 * was given.
 */
export function optionsOf<R extends object>(
  settings: SettingsOf<R>,
  values: Readonly<Record<string, unknown>>,
): Partial<R> {
  return Object.fromEntries(
    Object.keys(settings).map((key) => [key, values[flagName(key)]]),
  ) as Partial<R>;
}
