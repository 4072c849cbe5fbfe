import type { Sizes } from "../implementations.ts";
import type { Arrays } from "./arrays.ts";
import { sigmoid } from "./sigmoid.ts";
import { stateBefore } from "./state_before.ts";

/**
 * A layer of long short-term memory over a whole sequence, `a = x + W h_{t-1} + b`:
 *
 *     i_t = σ(a_i)   f_t = σ(a_f)   g_t = tanh(a_g)   o_t = σ(a_o)
 *     c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t
 *     h_t = o_t ⊙ tanh(c_t)
 *
 * Source: Hochreiter and Schmidhuber 1997, Gers et al. 2000 and d2l 9.2.
 */
export function lstm(
  { T, B, H }: Sizes<"T" | "B" | "H">,
  {
    input, // (T, B, 4H)
    weight, // (4H, H)
    bias, // (4H)
    initialState, // (B, H)
    initialCell, // (B, H)
    output, // (T, B, H)
    cells, // (T, B, H)
    gates, // (T, B, 4H): i, f, g, o
  }: Arrays<"lstm">,
): void {
  for (let t = 0; t < T; t++) {
    const previous = stateBefore(t, initialState, output);
    const cell = stateBefore(t, initialCell, cells);
    for (let b = 0; b < B; b++) {
      const row = t * B + b;
      const x = input.subarray(row * 4 * H, (row + 1) * 4 * H);
      const saved = gates.subarray(row * 4 * H, (row + 1) * 4 * H);
      for (let h = 0; h < H; h++) {
        const sums = [0, 0, 0, 0];
        for (let gate = 0; gate < 4; gate++) {
          const w = (gate * H + h) * H;
          let sum = x[gate * H + h] + bias[gate * H + h];
          for (let k = 0; k < H; k++) {
            sum += weight[w + k] * previous[b * H + k];
          }
          sums[gate] = sum;
        }
        const i = sigmoid(sums[0]), f = sigmoid(sums[1]);
        const g = Math.tanh(sums[2]), o = sigmoid(sums[3]);
        const c = f * cell[b * H + h] + i * g;
        [i, f, g, o].forEach((value, gate) => saved[gate * H + h] = value);
        cells[row * H + h] = c;
        output[row * H + h] = o * Math.tanh(c);
      }
    }
  }
}

/**
 * Backpropagation through time of `lstm`, truncated at the first step: with `dh_t` and
 * `dc_t` the gradients by `h_t` and `c_t`, those from the step after included,
 *
 *     dc_t += dh_t ⊙ o_t ⊙ (1 − tanh² c_t)
 *     da_i = dc_t ⊙ g_t ⊙ i_t ⊙ (1 − i_t)       da_g = dc_t ⊙ i_t ⊙ (1 − g_t²)
 *     da_f = dc_t ⊙ c_{t-1} ⊙ f_t ⊙ (1 − f_t)   da_o = dh_t ⊙ tanh c_t ⊙ o_t ⊙ (1 − o_t)
 *     dc_{t-1} = dc_t ⊙ f_t                     dh_{t-1} = dOutput_{t-1} + Wᵀ da
 */
export function lstmBackward(
  { T, B, H }: Sizes<"T" | "B" | "H">,
  {
    weight, // (4H, H)
    initialCell, // (B, H)
    cells, // (T, B, H)
    gates, // (T, B, 4H)
    dOutput, // (T, B, H)
    dInput, // (T, B, 4H): da
  }: Arrays<"lstmBackward">,
): void {
  const dState = new Float64Array(B * H); // dh_t without dOutput_t
  const dCell = new Float64Array(B * H); // dc_t from the step after
  for (let t = T - 1; t >= 0; t--) {
    const cell = stateBefore(t, initialCell, cells);
    for (let b = 0; b < B; b++) {
      const row = t * B + b;
      const saved = gates.subarray(row * 4 * H, (row + 1) * 4 * H);
      const da = dInput.subarray(row * 4 * H, (row + 1) * 4 * H);
      for (let h = 0; h < H; h++) {
        const i = saved[h], f = saved[H + h];
        const g = saved[2 * H + h], o = saved[3 * H + h];
        const tanhC = Math.tanh(cells[row * H + h]);
        const dh = dOutput[row * H + h] + dState[b * H + h];
        const dc = dCell[b * H + h] + dh * o * (1 - tanhC * tanhC);
        da[h] = dc * g * i * (1 - i);
        da[H + h] = dc * cell[b * H + h] * f * (1 - f);
        da[2 * H + h] = dc * i * (1 - g * g);
        da[3 * H + h] = dh * tanhC * o * (1 - o);
        dCell[b * H + h] = dc * f;
      }
      const dh = dState.subarray(b * H, (b + 1) * H).fill(0);
      for (let row = 0; row < 4 * H; row++) {
        for (let k = 0; k < H; k++) {
          dh[k] += da[row] * weight[row * H + k];
        }
      }
    }
  }
}
