/**
 * Every device on PyTorch's whole trajectory, to the last of its 40 epochs.
 *
 * @module
 */

import { CPUS, REFERENCES, WEBGPU, WEBGPU_STEPS } from "../backend/devices.ts";
import { followTrajectory } from "../trajectory.ts";

/** Minibatches of an epoch. */
const EPOCH = 8;

/** The case; its count is that of epochs, and its seed changes nothing. */
export const torture = {
  name: "trajectory",
  summary: "trains 40 epochs on every device as PyTorch did",
  count: 40,
  async run(
    { count, say }: {
      readonly seed: number;
      readonly count: number;
      readonly say: (text: string) => void;
    },
  ): Promise<void> {
    for (
      const { name, open, precision, ignore } of [
        ...REFERENCES,
        ...CPUS,
        WEBGPU,
        WEBGPU_STEPS,
      ]
    ) {
      if (ignore !== undefined) {
        say(`${name}: left out: ${ignore}`);
        continue;
      }
      using backend = await open();
      await followTrajectory(backend, {
        precision,
        minibatches: count * EPOCH,
      });
      say(`${name}: ${count} epochs are PyTorch's`);
    }
  },
};
