/**
 * Flags that cut a corpus into minibatches.
 *
 * @module
 */

import type { ChoiceFlag, Flags, NumberFlag } from "./command.ts";

/** A minibatch of more rows or steps fits no device. */
const count = { kind: "integer", least: 1, most: 1_000_000 } as const;

/** Flags of `partition` and `train`; the defaults are the library's. */
export const PARTITION_FLAGS = {
  "batch-size": {
    ...count,
    standard: "32",
    help: "rows of a minibatch",
  } as NumberFlag,
  "num-steps": {
    ...count,
    standard: "35",
    help: "tokens of a row",
  } as NumberFlag,
  sampling: {
    kind: "choice",
    choices: ["sequential", "random"],
    standard: "sequential",
    help:
      "sequential: each row continues where it left off; random: rows start anywhere",
  } as ChoiceFlag<"sequential" | "random">,
  seed: {
    kind: "integer",
    least: 0,
    standard: "0",
    help: "seed of every random draw",
  } as NumberFlag,
} as const satisfies Flags;
