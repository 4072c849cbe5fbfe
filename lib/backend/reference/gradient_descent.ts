import type { UpdateSettings } from "../shapes.ts";
import type { Floats } from "./floats.ts";

/**
 * `norm = √ Σ g²` over all gradients together, as `s √ Σ (g / s)²`. The scale `s` is the
 * greatest gradient's power of two: to divide by it rounds nothing, and no square
 * overflows, nor do they all come to 0. Source: d2l 8.5.5.
 */
export function globalNorm(gradients: Floats, norm: Floats): void {
  let greatest = 0;
  for (const g of gradients) greatest = Math.max(greatest, Math.abs(g));
  const hasScale = greatest > 0 && greatest < Infinity; // NaN has none either
  const scale = hasScale ? 2 ** Math.floor(Math.log2(greatest)) : 1;
  let sum = 0;
  for (const g of gradients) sum += (g / scale) ** 2;
  norm[0] = scale * Math.sqrt(sum);
}

/**
 * One step of an optimizer, as `Update` in backend.ts states it, with the clip folded in.
 * A norm that is not finite would spread to every parameter, so such a step is left
 * out; an element that would not be finite as it is stored keeps what it was. Source:
 * d2l 8.5.5 and 11.4 to 11.10; PyTorch's `torch.optim`.
 *
 * @param m First moment, read by momentum, adam and adamw alone.
 * @param v Second moment, read by rmsprop, adam and adamw alone.
 */
export function update(
  parameters: Floats, // (P)
  gradients: Floats, // (P)
  norm: Floats, // ()
  m: Floats, // (P)
  v: Floats, // (P)
  { rule, learningRate, clipNorm, clipValue, weightDecay, ...x }:
    UpdateSettings,
): void {
  if (!Number.isFinite(norm[0])) return;
  const scale = clipNorm > 0 && norm[0] > clipNorm ? clipNorm / norm[0] : 1;
  const most = clipValue > 0 ? clipValue : Infinity;
  const state = [parameters, m, v].filter(({ length }) => length > 0);
  for (let i = 0; i < parameters.length; i++) {
    const old = state.map((values) => values[i]);
    let g = Math.max(-most, Math.min(most, scale * gradients[i]));
    let p = parameters[i];
    if (rule === "adamw") p -= learningRate * weightDecay * p;
    else g += weightDecay * p;
    switch (rule) {
      case "sgd":
        p -= learningRate * g;
        break;
      case "momentum":
        m[i] = x.beta1 * m[i] + g;
        p -= learningRate * m[i];
        break;
      case "rmsprop":
        v[i] = x.beta2 * v[i] + (1 - x.beta2) * g * g;
        p -= learningRate * g / (Math.sqrt(v[i]) + x.epsilon);
        break;
      case "adam":
      case "adamw":
        m[i] = x.beta1 * m[i] + (1 - x.beta1) * g;
        v[i] = x.beta2 * v[i] + (1 - x.beta2) * g * g;
        p -= learningRate / x.correction1 * m[i] /
          (Math.sqrt(v[i] / x.correction2) + x.epsilon);
    }
    parameters[i] = p;
    if (state.every((values) => Number.isFinite(values[i]))) continue;
    state.forEach((values, k) => values[i] = old[k]);
  }
}
