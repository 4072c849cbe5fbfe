import type { OpName } from "../compiled_op.ts";
import type { Implementations } from "../implementations.ts";
import { sizeOf } from "../shapes.ts";
import { StoredTensor } from "../stored_tensor.ts";
import type { DType } from "../tensor.ts";
import type { Commands, Dispatch } from "./commands.ts";
import type { Engine } from "./engine.ts";
import type { Memory } from "./memory.ts";
import type { Pipelines } from "./pipelines.ts";
import type { BufferStorage, WebGPUTensor } from "./tensor.ts";

/** What the ops of one backend share. */
export interface OpContext {
  readonly pipelines: Pipelines;
  /** The engine of recurrent layers. Default: by their sizes. */
  readonly engine?: Engine;
  dispatch(dispatch: Dispatch): void;
  /** A tensor to use within one op; what it holds is the last user's. */
  scratch(
    name: ScratchName,
    shape: readonly number[],
    dtype?: DType,
  ): WebGPUTensor;
}

/** Names of scratch tensors: of those that one kernel binds at once, all different. */
export const SCRATCH_NAMES = [
  "carried",
  "gradients",
  "links",
  "logits",
  "losses",
  "partials",
  "transposed",
  "unused",
  "unused too",
  "weights",
] as const;

/** What tells scratch tensors apart. */
export type ScratchName = typeof SCRATCH_NAMES[number];

/** Some of the ops, as functions of sizes, this backend's tensors and scalars. */
export type OpsOf<Names extends OpName> = Pick<
  Implementations<WebGPUTensor>,
  Names
>;

/** Dispatches go to `commands`; a scratch tensor grows to the largest asked for. */
export function createOpContext(
  { commands, memory, pipelines, engine }: {
    commands: Commands;
    memory: Memory;
    pipelines: Pipelines;
    engine?: Engine;
  },
): OpContext {
  const scratch = new Map<ScratchName, BufferStorage>();
  return {
    pipelines,
    engine,
    dispatch: (dispatch) => commands.dispatch(dispatch),
    scratch(name, shape, dtype = "f32") {
      const size = sizeOf(shape);
      let storage = scratch.get(name);
      if (!storage || storage.buffer.size < 4 * size) {
        if (storage) commands.destroy(storage);
        storage = memory.allocate(size, `scratch tensor ${name}`);
        scratch.set(name, storage);
      }
      return new StoredTensor(storage, shape, dtype);
    },
  };
}
