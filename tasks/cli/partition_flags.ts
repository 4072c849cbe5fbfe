/**
 * Flags that cut a corpus into minibatches.
 *
 * @module
 */

import { PARTITION_SETTINGS } from "../../lib/partition.ts";
import { flagsOf } from "./setting_flags.ts";

/** Flags of `partition` and `train`. */
export const PARTITION_FLAGS = flagsOf(PARTITION_SETTINGS);
