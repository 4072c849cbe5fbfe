import type { Activation, Ops } from "../backend.ts";
import {
  gruBackwardDimensions,
  gruDimensions,
  lstmBackwardDimensions,
  lstmDimensions,
  rnnBackwardDimensions,
  rnnDimensions,
} from "../shapes.ts";
import type { Device } from "./device.ts";

/** The activations in the order of `Activation`, by which the kernels number them. */
const ACTIVATIONS: readonly Activation[] = ["tanh", "relu"];

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
        ACTIVATIONS.indexOf(x.activation),
        device.scratch(kernels.rnnScratch(T, B, H)),
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
        ACTIVATIONS.indexOf(x.activation),
        device.scratch(kernels.rnnBackwardScratch(T, B, H)),
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
        device.scratch(kernels.gruScratch(T, B, H)),
      );
      device.assertAlive();
    },
    gruBackward(x) {
      const { T, B, H } = gruBackwardDimensions(x);
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
        device.scratch(kernels.gruBackwardScratch(T, B, H)),
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
        device.scratch(kernels.lstmScratch(T, B, H)),
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
        device.scratch(kernels.lstmBackwardScratch(T, B, H)),
      );
      device.assertAlive();
    },
  };
}
