import type { DType, Tensor } from "../backend.ts";
import { sizeOf } from "../shapes.ts";
import type { Commands, Dispatch } from "./commands.ts";
import type { DeviceWatch } from "./device_watch.ts";
import type { Memory, Storage } from "./memory.ts";
import type { Pipelines } from "./pipelines.ts";
import { owned, WebGPUTensor } from "./tensor.ts";

/** What the ops of one backend share. */
export interface OpContext {
  readonly pipelines: Pipelines;
  dispatch(dispatch: Dispatch): void;
  /** An op's arguments, once it is sure that the tensors are this backend's. */
  tensorsOf<Arguments extends object>(x: Arguments): Owned<Arguments>;
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
  "dSums",
  "links",
  "losses",
  "partials",
  "transposed",
  "unused",
  "unused too",
] as const;

/** What tells scratch tensors apart. */
export type ScratchName = typeof SCRATCH_NAMES[number];

/** An op's arguments, each tensor among them this backend's. */
export type Owned<Arguments> = {
  [Key in keyof Arguments]: Arguments[Key] extends Tensor ? WebGPUTensor
    : Arguments[Key] extends Tensor | undefined ? WebGPUTensor | undefined
    : Arguments[Key];
};

/** @param watch Throws what the device has failed by. */
export function createOpContext(
  { commands, memory, pipelines, watch }: {
    commands: Commands;
    memory: Memory;
    pipelines: Pipelines;
    watch: DeviceWatch;
  },
): OpContext {
  const scratch = new Map<ScratchName, Storage>();
  return {
    pipelines,
    dispatch: (dispatch) => commands.dispatch(dispatch),
    tensorsOf(x) {
      watch.check();
      const entries = Object.entries(x).map(([name, value]) => {
        const isTensor = typeof value === "object" && !Array.isArray(value);
        return [name, isTensor ? owned(memory, value) : value];
      });
      return Object.fromEntries(entries);
    },
    scratch(name, shape, dtype = "f32") {
      const size = sizeOf(shape);
      let storage = scratch.get(name);
      if (!storage || storage.buffer.size < 4 * size) {
        if (storage) commands.destroy(storage);
        storage = memory.allocate(size, `scratch tensor ${name}`);
        scratch.set(name, storage);
      }
      return new WebGPUTensor(memory, storage, 0, shape, dtype);
    },
  };
}
