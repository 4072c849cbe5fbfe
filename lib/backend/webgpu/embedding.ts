import type { Ops } from "../backend.ts";
import { embeddingBackwardDimensions, embeddingDimensions } from "../shapes.ts";
import type { OpContext } from "./op_context.ts";

/** A kernel that looks rows up, and two that add up each row's gradients. */
export function embeddingOps(
  { dispatch, pipelines, scratch, tensorsOf }: OpContext,
): Pick<Ops, "embedding" | "embeddingBackward"> {
  return {
    embedding(x) {
      const { ids, table, output } = tensorsOf(x);
      const { T, B, E } = embeddingDimensions(x);
      dispatch({
        pipeline: pipelines.embedding,
        tensors: { ids, table, output },
        dims: { rows: T * B, E },
        covers: [T * B * E],
      });
    },

    embeddingBackward(x) {
      const { ids, dOutput, dTable } = tensorsOf(x);
      const { T, B, E } = embeddingBackwardDimensions(x);
      const rows = T * B;
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
