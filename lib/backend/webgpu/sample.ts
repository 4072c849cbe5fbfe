import type { Ops } from "../backend.ts";
import { sampleDimensions, sampleSettings } from "../shapes.ts";
import type { OpContext } from "./op_context.ts";

/** The op that chooses the next token. */
export function sampleOps(
  { dispatch, pipelines, scratch, tensorsOf }: OpContext,
): Pick<Ops, "sample"> {
  return {
    sample(x) {
      const { logits, tokens, uniforms, seen, logProbabilities } = tensorsOf(x);
      const { B, V } = sampleDimensions(x);
      const { firstId, ...settings } = sampleSettings(x);
      if (!uniforms && !seen && !logProbabilities) {
        dispatch({
          pipeline: pipelines.sample,
          tensors: { logits, tokens },
          dims: { V, firstId },
          covers: [B],
        });
        return;
      }
      dispatch({
        pipeline: pipelines.sample_drawn,
        tensors: {
          logits,
          tokens,
          uniforms: uniforms ?? logits,
          seen: seen ?? scratch("unused", [1], "u32"),
          logProbabilities: logProbabilities ?? scratch("unused too", [1]),
        },
        dims: {
          V,
          firstId,
          isDrawn: uniforms ? 1 : 0,
          hasSeen: seen ? 1 : 0,
          hasLogProbabilities: logProbabilities ? 1 : 0,
          ...settings,
        },
        covers: [B],
      });
    },
  };
}
