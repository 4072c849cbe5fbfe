import type { Ops, UpdateRule } from "../backend.ts";
import { updateDimensions, updateSettings } from "../shapes.ts";
import type { OpContext } from "./op_context.ts";

const KERNELS = {
  sgd: "update",
  momentum: "update_momentum",
  adam: "update_adam",
  adamw: "update_adam",
  rmsprop: "update_rmsprop",
} as const satisfies Record<UpdateRule, string>;

/** The greatest number of float32, and the least that no device takes for 0. */
const GREATEST = (2 - 2 ** -23) * 2 ** 127, LEAST = 2 ** -126;

/** The op that makes a step of an optimizer. */
export function updateOps(
  { dispatch, pipelines, tensorsOf }: OpContext,
): Pick<Ops, "update"> {
  return {
    update(x) {
      const { parameters, gradients, norm, firstMoment, secondMoment } =
        tensorsOf(x);
      const P = updateDimensions(x);
      const { rule, learningRate, clipNorm, clipValue, weightDecay, ...rest } =
        updateSettings(x);
      const { beta1, beta2, epsilon, correction1, correction2 } = rest;
      const adam = rule === "adam" || rule === "adamw";
      const decoupled = rule === "adamw";
      dispatch({
        pipeline: pipelines[KERNELS[rule]],
        tensors: {
          parameters,
          gradients,
          norm,
          ...(firstMoment && { firstMoment }),
          ...(secondMoment && { secondMoment }),
        },
        // What a float32 would lose digits in is computed here.
        dims: {
          P,
          clipNorm: clipNorm > 0 ? Math.max(clipNorm, LEAST) : 0,
          clipValue: clipValue > 0 ? clipValue : GREATEST,
          weightDecay: decoupled ? 0 : weightDecay,
          decay: decoupled ? learningRate * weightDecay : 0,
          step: adam ? learningRate / correction1 : learningRate,
          beta1,
          rest1: 1 - beta1,
          beta2,
          rest2: 1 - beta2,
          root: 1 / Math.sqrt(correction2),
          epsilon,
        },
        covers: [P],
      });
    },
  };
}
