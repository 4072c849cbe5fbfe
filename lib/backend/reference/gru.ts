import type { Sizes } from "../implementations.ts";
import type { Arrays } from "./arrays.ts";
import { sigmoid } from "./sigmoid.ts";
import { stateBefore } from "./state_before.ts";

/**
 * A layer of gated recurrent units over a whole sequence:
 *
 *     r_t = σ(x_r + W_r h_{t-1} + b_r)         z_t = σ(x_z + W_z h_{t-1} + b_z)
 *     m_t = W_n h_{t-1} + hiddenBias           n_t = tanh(x_n + b_n + r_t ⊙ m_t)
 *     h_t = (1 − z_t) ⊙ n_t + z_t ⊙ h_{t-1}
 *
 * Source: Cho et al. 2014 and d2l 9.1, except for the reset gate, which is applied
 * after the product as in cuDNN and PyTorch's `nn.GRU`.
 */
export function gru(
  { T, B, H }: Sizes<"T" | "B" | "H">,
  {
    input, // (T, B, 3H)
    weight, // (3H, H)
    bias, // (3H)
    hiddenBias, // (H)
    initialState, // (B, H)
    output, // (T, B, H)
    gates, // (T, B, 4H): r, z, n, m
  }: Arrays<"gru">,
): void {
  for (let t = 0; t < T; t++) {
    const previous = stateBefore(t, initialState, output);
    for (let b = 0; b < B; b++) {
      const row = t * B + b;
      const x = input.subarray(row * 3 * H, (row + 1) * 3 * H);
      const saved = gates.subarray(row * 4 * H, (row + 1) * 4 * H);
      for (let h = 0; h < H; h++) {
        const sums = [0, 0, hiddenBias[h]];
        for (let k = 0; k < H; k++) {
          const state = previous[b * H + k];
          for (let gate = 0; gate < 3; gate++) {
            sums[gate] += weight[(gate * H + h) * H + k] * state;
          }
        }
        const r = sigmoid(x[h] + bias[h] + sums[0]);
        const z = sigmoid(x[H + h] + bias[H + h] + sums[1]);
        const m = sums[2];
        const n = Math.tanh(x[2 * H + h] + bias[2 * H + h] + r * m);
        saved[h] = r;
        saved[H + h] = z;
        saved[2 * H + h] = n;
        saved[3 * H + h] = m;
        output[row * H + h] = (1 - z) * n + z * previous[b * H + h];
      }
    }
  }
}

/**
 * Backpropagation through time of `gru`, truncated at the first step: with `dh_t` the
 * gradient by `h_t` and `da` those before σ and tanh,
 *
 *     da_n = dh_t ⊙ (1 − z_t) ⊙ (1 − n_t²)     dm   = da_n ⊙ r_t
 *     da_z = dh_t ⊙ (h_{t-1} − n_t) ⊙ z_t ⊙ (1 − z_t)
 *     da_r = da_n ⊙ m_t ⊙ r_t ⊙ (1 − r_t)
 *     dh_{t-1} = dOutput_{t-1} + dh_t ⊙ z_t + W_rᵀ da_r + W_zᵀ da_z + W_nᵀ dm
 */
export function gruBackward(
  { T, B, H }: Sizes<"T" | "B" | "H">,
  {
    weight, // (3H, H)
    initialState, // (B, H)
    output, // (T, B, H)
    gates, // (T, B, 4H)
    dOutput, // (T, B, H)
    dInput, // (T, B, 3H): da_r, da_z, da_n
    dSums, // (T, B, 3H): da_r, da_z, dm
  }: Arrays<"gruBackward">,
): void {
  const carried = new Float64Array(B * H); // dh_t without dOutput_t
  for (let t = T - 1; t >= 0; t--) {
    const previous = stateBefore(t, initialState, output);
    for (let b = 0; b < B; b++) {
      const row = t * B + b;
      const saved = gates.subarray(row * 4 * H, (row + 1) * 4 * H);
      const d = dInput.subarray(row * 3 * H, (row + 1) * 3 * H);
      const da = dSums.subarray(row * 3 * H, (row + 1) * 3 * H);
      const before = carried.subarray(b * H, (b + 1) * H);
      for (let h = 0; h < H; h++) {
        const r = saved[h], z = saved[H + h];
        const n = saved[2 * H + h], m = saved[3 * H + h];
        const dh = dOutput[row * H + h] + before[h];
        const dn = dh * (1 - z) * (1 - n * n);
        d[h] = da[h] = dn * m * r * (1 - r);
        d[H + h] = da[H + h] = dh * (previous[b * H + h] - n) * z * (1 - z);
        d[2 * H + h] = dn;
        da[2 * H + h] = dn * r;
        before[h] = dh * z;
      }
      for (let g = 0; g < 3 * H; g++) {
        for (let k = 0; k < H; k++) {
          before[k] += da[g] * weight[g * H + k];
        }
      }
    }
  }
}
