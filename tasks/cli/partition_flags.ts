/**
 * Flags that cut a corpus into minibatches.
 *
 * @module
 */

import { choice, type NumberFlag } from "./flags.ts";

const count = { kind: "integer", least: 1 } as const;

/** Flags of `partition` and `train`; the defaults are the chapter's. */
export const PARTITION_FLAGS = {
  "batch-size": { ...count, default: 32, help: "rows of a minibatch" },
  "num-steps": { ...count, default: 35, help: "tokens of a row" },
  sampling: choice(
    ["sequential", "random"],
    "sequential",
    "sequential: rows go on where they ended",
  ),
  seed: {
    kind: "integer",
    least: 0,
    default: 0,
    help: "seed of every random draw",
  },
} as const satisfies Record<string, NumberFlag | ReturnType<typeof choice>>;
