import type { Scalars, Sizes } from "../implementations.ts";
import type { Arrays } from "./arrays.ts";
import { stateBefore } from "./state_before.ts";

/**
 * A vanilla recurrent layer over a whole sequence:
 *
 *     h_t = f(x_t + h_{t-1} · weightᵀ + bias)
 *
 * `x_t` is the input's share of the sum, `X_t W_xh`. Source: d2l 8.4.2, eq. 8.4.5.
 */
export function rnn(
  { T, B, H }: Sizes<"T" | "B" | "H">,
  {
    input, // (T, B, H)
    weight, // (H, H)
    bias, // (H)
    initialState, // (B, H)
    output, // (T, B, H)
  }: Arrays<"rnn">,
  { activation }: Scalars<"rnn">,
): void {
  for (let t = 0; t < T; t++) {
    const previous = stateBefore(t, initialState, output);
    for (let b = 0; b < B; b++) {
      for (let h = 0; h < H; h++) {
        const at = (t * B + b) * H + h;
        let sum = input[at] + bias[h];
        for (let k = 0; k < H; k++) {
          sum += previous[b * H + k] * weight[h * H + k];
        }
        output[at] = activation === "tanh"
          ? Math.tanh(sum)
          : (sum < 0 ? 0 : sum); // keeps NaN, as PyTorch's relu does
      }
    }
  }
}

/**
 * Backpropagation through time of `rnn`, truncated at the first step. With
 * `a_t` for what `f` was applied to, from the last step to the first:
 *
 *     da_t = (dOutput_t + da_{t+1} · weight) ⊙ f'(a_t)     (dInput_t = da_t)
 *
 * where `f'` is `1 − h²` for tanh and `h > 0` for relu. Source: d2l 8.7.
 */
export function rnnBackward(
  { T, B, H }: Sizes<"T" | "B" | "H">,
  {
    weight, // (H, H)
    output, // (T, B, H)
    dOutput, // (T, B, H)
    dInput, // (T, B, H)
  }: Arrays<"rnnBackward">,
  { activation }: Scalars<"rnnBackward">,
): void {
  for (let t = T - 1; t >= 0; t--) {
    for (let b = 0; b < B; b++) {
      const row = (t * B + b) * H;
      for (let k = 0; k < H; k++) dInput[row + k] = dOutput[row + k];
      if (t + 1 < T) {
        const next = ((t + 1) * B + b) * H;
        for (let h = 0; h < H; h++) {
          const d = dInput[next + h];
          for (let k = 0; k < H; k++) dInput[row + k] += d * weight[h * H + k];
        }
      }
      for (let h = 0; h < H; h++) {
        const y = output[row + h];
        dInput[row + h] *= activation === "tanh" ? 1 - y * y : (y > 0 ? 1 : 0);
      }
    }
  }
}
