import type { Ops } from "../backend.ts";
import {
  gruBackwardDimensions,
  gruDimensions,
  lstmBackwardDimensions,
  lstmDimensions,
  rnnBackwardDimensions,
  rnnDimensions,
} from "../shapes.ts";
import { type Device, packed4, packed8 } from "./device.ts";

/** The ops of recurrent layers: each is one call of a kernel. */
export function recurrentOps(
  device: Device,
): Pick<
  Ops,
  "rnn" | "rnnBackward" | "gru" | "gruBackward" | "lstm" | "lstmBackward"
> {
  const { kernels, reals } = device;
  return {
    rnn(x) {
      const { T, B, H } = rnnDimensions(x);
      kernels.rnn(
        reals(x.input),
        reals(x.weight),
        reals(x.bias),
        reals(x.initialState),
        reals(x.output),
        T,
        B,
        H,
        x.activation === "relu",
        device.scratch(forwardScratch(1, B, H)),
      );
      device.assertAlive();
    },
    rnnBackward(x) {
      const { T, B, H } = rnnBackwardDimensions(x);
      kernels.rnnBackward(
        reals(x.weight),
        reals(x.initialState),
        reals(x.output),
        reals(x.dOutput),
        reals(x.dInput),
        reals(x.dWeight),
        reals(x.dBias),
        T,
        B,
        H,
        x.activation === "relu",
        device.scratch(backwardScratch(1, T, B, H)),
      );
      device.assertAlive();
    },
    gru(x) {
      const { T, B, H } = gruDimensions(x);
      kernels.gru(
        reals(x.input),
        reals(x.weight),
        reals(x.bias),
        reals(x.hiddenBias),
        reals(x.initialState),
        reals(x.output),
        reals(x.gates),
        T,
        B,
        H,
        device.scratch(forwardScratch(3, B, H)),
      );
      device.assertAlive();
    },
    gruBackward(x) {
      const { T, B, H } = gruBackwardDimensions(x);
      const dm = 4 * T * B * H;
      kernels.gruBackward(
        reals(x.weight),
        reals(x.initialState),
        reals(x.output),
        reals(x.gates),
        reals(x.dOutput),
        reals(x.dInput),
        reals(x.dWeight),
        reals(x.dBias),
        reals(x.dHiddenBias),
        T,
        B,
        H,
        device.scratch(dm + backwardScratch(3, T, B, H)),
      );
      device.assertAlive();
    },
    lstm(x) {
      const { T, B, H } = lstmDimensions(x);
      kernels.lstm(
        reals(x.input),
        reals(x.weight),
        reals(x.bias),
        reals(x.initialState),
        reals(x.initialCell),
        reals(x.output),
        reals(x.cells),
        reals(x.gates),
        T,
        B,
        H,
        device.scratch(forwardScratch(4, B, H)),
      );
      device.assertAlive();
    },
    lstmBackward(x) {
      const { T, B, H } = lstmBackwardDimensions(x);
      kernels.lstmBackward(
        reals(x.weight),
        reals(x.initialState),
        reals(x.initialCell),
        reals(x.output),
        reals(x.cells),
        reals(x.gates),
        reals(x.dOutput),
        reals(x.dInput),
        reals(x.dWeight),
        reals(x.dBias),
        T,
        B,
        H,
        device.scratch(backwardScratch(4, T, B, H)),
      );
      device.assertAlive();
    },
  };
}

/** Bytes for the packed states and weight of a layer with `G` gates. */
function forwardScratch(G: number, B: number, H: number): number {
  return packed4(B, H) + packed8(G * H, H);
}

/**
 * Bytes for the packed gradients and weight, and what is handed from step to step;
 * then for the factors of the weight's gradient in the same place.
 */
function backwardScratch(G: number, T: number, B: number, H: number): number {
  const chain = packed4(B, G * H) + packed8(H, G * H) + 2 * 4 * B * H;
  return Math.max(chain, packed8(H, T * B) + packed4(G * H, T * B));
}
