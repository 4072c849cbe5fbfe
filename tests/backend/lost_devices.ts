/**
 * GPUs whose devices are lost on the way.
 *
 * @module
 */

import type { Backend } from "../../lib/backend/backend.ts";
import { openWebGPU } from "../../lib/backend/webgpu/webgpu_backend.ts";
import { watched } from "../../tasks/bench/webgpu/watched.ts";

/**
 * Opens devices one after the other, each of which is lost as it is given the dispatch
 * of some number, counted from 1; those beyond the list stay.
 */
export function losing(
  dispatches: readonly number[],
): { open: () => Promise<Backend>; opened: () => number } {
  let opened = 0;
  const open = async () => {
    const last = dispatches[opened++];
    let count = 0;
    return await openWebGPU({
      gpu: watched((device) => {
        onDispatch(device, () => {
          if (++count === last) device.destroy();
        });
      }),
    });
  };
  return { open, opened: () => opened };
}

/** Calls `see` before each dispatch that a device is given. */
export function onDispatch(device: GPUDevice, see: () => void): void {
  const createCommandEncoder = device.createCommandEncoder.bind(device);
  device.createCommandEncoder = (descriptor) => {
    const encoder = createCommandEncoder(descriptor);
    const beginComputePass = encoder.beginComputePass.bind(encoder);
    encoder.beginComputePass = (descriptor) => {
      const pass = beginComputePass(descriptor);
      const dispatch = pass.dispatchWorkgroups.bind(pass);
      pass.dispatchWorkgroups = (...grid) => {
        see();
        dispatch(...grid);
      };
      return pass;
    };
    return encoder;
  };
}
