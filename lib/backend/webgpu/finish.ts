import { gridOf } from "./grid.ts";
import type { OpContext, OpsOf } from "./op_context.ts";

/** Sums of the norm at the most: every workgroup of an update adds them up. */
const MOST_PARTIALS = 256;

/** The greatest number of float32, and the least that no device takes for 0. */
const GREATEST = (2 - 2 ** -23) * 2 ** 127, LEAST = 2 ** -126;

/** The op that updates the parameters: sums for the norm, then a kernel for each rule. */
export function finishOps(
  { dispatch, pipelines, scratch }: OpContext,
): OpsOf<"finish"> {
  return {
    finish({ P }, tensors, scalars) {
      const { parameters, gradients, norm, firstMoment, secondMoment } =
        tensors;
      const { rule, learningRate, clipNorm, clipValue, weightDecay, ...rest } =
        scalars;
      const { beta1, beta2, epsilon, correction1, correction2 } = rest;
      const { finish_partials } = pipelines;
      const most = MOST_PARTIALS * finish_partials.share[0];
      const covers = [Math.min(P, most)] as const;
      const [count] = gridOf(finish_partials, covers);
      const partials = scratch("partials", [count, 3]);
      dispatch({
        pipeline: finish_partials,
        tensors: { gradients, partials },
        dims: { P },
        covers,
      });
      // AdamW is Adam whose weight decay is kept apart.
      const decoupled = rule === "adamw";
      const kernel = decoupled ? "adam" : rule;
      dispatch({
        pipeline: pipelines[`finish_${kernel}`],
        tensors: {
          parameters,
          gradients,
          partials,
          norm,
          ...(firstMoment && { firstMoment }),
          ...(secondMoment && { secondMoment }),
        },
        // What a float32 would lose digits in is computed here.
        dims: {
          P,
          count,
          clipNorm: clipNorm > 0 ? Math.max(clipNorm, LEAST) : 0,
          clipValue: clipValue > 0 ? clipValue : GREATEST,
          weightDecay: decoupled ? 0 : weightDecay,
          decay: decoupled ? learningRate * weightDecay : 0,
          rate: kernel === "adam" ? learningRate / correction1 : learningRate,
          beta1,
          gain1: 1 - beta1,
          beta2,
          gain2: 1 - beta2,
          root: 1 / Math.sqrt(correction2),
          epsilon,
        },
        covers: [P],
      });
    },
  };
}
