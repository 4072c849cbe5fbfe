import type { OpContext, OpsOf } from "./op_context.ts";

/** A kernel that looks rows up, and two that add up each row's gradients. */
export function embeddingOps(
  { dispatch, pipelines, scratch }: OpContext,
): OpsOf<"embedding" | "embeddingBackward"> {
  return {
    embedding({ rows, E }, tensors) {
      dispatch({
        pipeline: pipelines.embedding,
        tensors,
        dims: { rows, E },
        covers: [rows * E],
      });
    },

    embeddingBackward({ rows, E }, { ids, dOutput, dTable }) {
      const links = scratch("links", [2, rows], "u32");
      dispatch({
        pipeline: pipelines.fill,
        tensors: { tensor: dTable },
        dims: { size: dTable.size, value: 0 },
        covers: [dTable.size],
      });
      dispatch({
        pipeline: pipelines.embedding_backward_links,
        tensors: { ids, links },
        dims: { rows },
        covers: [rows],
        terms: rows,
      });
      dispatch({
        pipeline: pipelines.embedding_backward,
        tensors: { ids, links, dOutput, dTable },
        dims: { rows, E },
        covers: [rows * E],
      });
    },
  };
}
