import type { Scalars, Sizes } from "../implementations.ts";
import type { UpdateRule } from "../ops.ts";
import type { Arrays, Floats } from "./arrays.ts";

/**
 * `norm = √ Σ g²` over all gradients together, as `s √ Σ (g / s)²`. The scale `s` is the
 * greatest gradient's power of two: to divide by it rounds nothing, and no square
 * overflows, nor do they all come to 0. Source: d2l 8.5.5.
 */
function globalNorm(
  gradients: Floats, // (P)
  norm: Floats, // ()
): void {
  let greatest = 0;
  for (const g of gradients) greatest = Math.max(greatest, Math.abs(g));
  const hasScale = greatest > 0 && greatest < Infinity; // NaN has none either
  const scale = hasScale ? 2 ** Math.floor(Math.log2(greatest)) : 1;
  let sum = 0;
  for (const g of gradients) sum += (g / scale) ** 2;
  norm[0] = scale * Math.sqrt(sum);
}

/**
 * One update by an optimizer, as `Finish` in ops.ts states it, with the clip folded in.
 * A norm that is not finite would spread to every parameter, so such an update is left
 * out; an element that would not be finite as it is stored keeps what it was. Source:
 * d2l 8.5.5 and 11.4 to 11.10; PyTorch's `torch.optim`.
 */
export function finish(
  { P }: Sizes<"P">,
  {
    parameters, // (P)
    gradients, // (P)
    norm, // ()
    firstMoment: m = NONE, // (P)
    secondMoment: v = NONE, // (P)
  }: Arrays<"finish">,
  settings: Scalars<"finish">,
): void {
  globalNorm(gradients, norm);
  if (!Number.isFinite(norm[0])) return;
  const { rule, clipNorm, clipValue, weightDecay } = settings;
  const follow = RULES[rule];
  const scale = clipNorm > 0 && norm[0] > clipNorm ? clipNorm / norm[0] : 1;
  const most = clipValue > 0 ? clipValue : Infinity;
  const changed = [parameters, m, v].filter(({ length }) => length > 0);
  for (let i = 0; i < P; i++) {
    const old = changed.map((values) => values[i]);
    let g = Math.max(-most, Math.min(most, scale * gradients[i]));
    let p = parameters[i];
    if (rule === "adamw") p -= settings.learningRate * weightDecay * p;
    else g += weightDecay * p;
    parameters[i] = p - follow(g, i, m, v, settings);
    if (changed.every((values) => Number.isFinite(values[i]))) continue;
    changed.forEach((values, k) => values[i] = old[k]);
  }
}

/** The moments of a rule that keeps none. */
const NONE = new Float64Array(0);

/** What is taken off parameter i, whose gradient is g; updates its moments in m and v. */
type Rule = (
  g: number,
  i: number,
  m: Floats,
  v: Floats,
  settings: Scalars<"finish">,
) => number;

const adam: Rule = (g, i, m, v, settings) => {
  const { learningRate, beta1, beta2, epsilon } = settings;
  const { correction1, correction2 } = settings;
  m[i] = beta1 * m[i] + (1 - beta1) * g;
  v[i] = beta2 * v[i] + (1 - beta2) * g * g;
  return learningRate / correction1 * m[i] /
    (Math.sqrt(v[i] / correction2) + epsilon);
};

const RULES: Readonly<Record<UpdateRule, Rule>> = {
  sgd: (g, _i, _m, _v, { learningRate }) => learningRate * g,
  momentum: (g, i, m, _v, { learningRate, beta1 }) => {
    m[i] = beta1 * m[i] + g;
    return learningRate * m[i];
  },
  adam,
  adamw: adam, // whose weight decay is not in g
  rmsprop: (g, i, _m, v, { learningRate, beta2, epsilon }) => {
    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
    return learningRate * g / (Math.sqrt(v[i]) + epsilon);
  },
};
