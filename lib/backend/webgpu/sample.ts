import type { OpContext, OpsOf } from "./op_context.ts";

/** The op that chooses the next token. */
export function sampleOps(
  { dispatch, pipelines, scratch }: OpContext,
): OpsOf<"sample"> {
  return {
    sample({ B, V }, tensors, { firstId, ...settings }) {
      const { logits, tokens, uniforms, seen, logProbabilities } = tensors;
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
