import type { DType, Tensor } from "../backend.ts";
import { sizeOf } from "../shapes.ts";
import type { Commands, Dispatch } from "./commands.ts";
import type { DeviceWatch } from "./device_watch.ts";
import type { Memory, Storage } from "./memory.ts";
import type { Pipelines } from "./pipelines.ts";
import { own, WebGPUTensor } from "./tensor.ts";

/** What the ops of one backend share. */
export interface OpContext {
  readonly pipelines: Pipelines;
  dispatch(dispatch: Dispatch): void;
  /** An op's arguments, once it is sure that the tensors are this backend's. */
  own<Tensors extends object>(tensors: Tensors): Owned<Tensors>;
  /** A tensor to use within one op; what it holds is the last user's. */
  scratch(
    name: ScratchName,
    shape: readonly number[],
    dtype?: DType,
  ): WebGPUTensor;
}

/** Scratch tensors that one kernel binds at once have different names. */
export type ScratchName =
  | "carried"
  | "dSums"
  | "links"
  | "losses"
  | "partials"
  | "transposed"
  | "unused"
  | "unused too";

/** `Tensors`, each tensor in it this backend's. */
export type Owned<Tensors> = {
  [Key in keyof Tensors]: Tensors[Key] extends Tensor ? WebGPUTensor
    : Tensors[Key] extends Tensor | undefined ? WebGPUTensor | undefined
    : Tensors[Key];
};

/** Workgroups of kernels that walk over all elements: enough for any device. */
export const MAX_STRIDING = 4096;

/** A workgroup's share of the outputs of rnn, rnn_backward and linear. */
export const ROWS = 8, COLUMNS = 16; // 4·ROWS and 4·COLUMNS of the kernels
/** A workgroup's share of the units of gru and lstm. */
export const UNITS = 4; // COLUMNS of the kernels

/** Number of groups of `size` that hold `count`. */
export function groups(count: number, size: number): number {
  return Math.ceil(count / size);
}

/** Workgroups of 256 for so many elements. */
export function striding(count: number): number {
  return Math.min(groups(count, 256), MAX_STRIDING);
}

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
    own(tensors) {
      watch.check();
      const entries = Object.entries(tensors).map(([name, value]) => {
        const isTensor = typeof value === "object" && !Array.isArray(value);
        return [name, isTensor ? own(memory, value) : value];
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
