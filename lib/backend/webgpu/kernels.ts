/**
 * The sources of all kernels and of the parts that they share: the one file that
 * imports them, since not every platform can import text.
 *
 * @module
 */

import carry from "../../../kernels/carry.wgsl" with { type: "text" };
import copy from "../../../kernels/copy.wgsl" with { type: "text" };
import dropout from "../../../kernels/dropout.wgsl" with { type: "text" };
import embedding from "../../../kernels/embedding.wgsl" with { type: "text" };
import embedding_backward from "../../../kernels/embedding_backward.wgsl" with {
  type: "text",
};
import embedding_backward_links from "../../../kernels/embedding_backward_links.wgsl" with {
  type: "text",
};
import fill from "../../../kernels/fill.wgsl" with { type: "text" };
import finish_partials from "../../../kernels/finish_partials.wgsl" with {
  type: "text",
};
import gru from "../../../kernels/gru.wgsl" with { type: "text" };
import gru_backward from "../../../kernels/gru_backward.wgsl" with {
  type: "text",
};
import head from "../../../kernels/head.wgsl" with { type: "text" };
import head_loss from "../../../kernels/head_loss.wgsl" with { type: "text" };
import head_softmax from "../../../kernels/head_softmax.wgsl" with {
  type: "text",
};
import head_weights from "../../../kernels/head_weights.wgsl" with {
  type: "text",
};
import linear from "../../../kernels/linear.wgsl" with { type: "text" };
import linear_backward from "../../../kernels/linear_backward.wgsl" with {
  type: "text",
};
import lstm from "../../../kernels/lstm.wgsl" with { type: "text" };
import lstm_backward from "../../../kernels/lstm_backward.wgsl" with {
  type: "text",
};
import one_hot_linear from "../../../kernels/one_hot_linear.wgsl" with {
  type: "text",
};
import rnn from "../../../kernels/rnn.wgsl" with { type: "text" };
import rnn_backward from "../../../kernels/rnn_backward.wgsl" with {
  type: "text",
};
import sample from "../../../kernels/sample.wgsl" with { type: "text" };
import sample_drawn from "../../../kernels/sample_drawn.wgsl" with {
  type: "text",
};
import transpose from "../../../kernels/transpose.wgsl" with { type: "text" };
import finish_adam from "../../../kernels/finish_adam.wgsl" with {
  type: "text",
};
import finish_momentum from "../../../kernels/finish_momentum.wgsl" with {
  type: "text",
};
import finish_rmsprop from "../../../kernels/finish_rmsprop.wgsl" with {
  type: "text",
};
import weight_gradients from "../../../kernels/weight_gradients.wgsl" with {
  type: "text",
};
import finish_sgd from "../../../kernels/finish_sgd.wgsl" with { type: "text" };
import bounded from "../../../kernels/parts/bounded.wgsl" with { type: "text" };
import clip from "../../../kernels/parts/clip.wgsl" with { type: "text" };
import each_element from "../../../kernels/parts/each_element.wgsl" with {
  type: "text",
};
import each_parameter from "../../../kernels/parts/each_parameter.wgsl" with {
  type: "text",
};
import finite from "../../../kernels/parts/finite.wgsl" with { type: "text" };
import four_columns from "../../../kernels/parts/four_columns.wgsl" with {
  type: "text",
};
import global_norm from "../../../kernels/parts/global_norm.wgsl" with {
  type: "text",
};
import logistic from "../../../kernels/parts/logistic.wgsl" with {
  type: "text",
};
import matmul_elements from "../../../kernels/parts/matmul_elements.wgsl" with {
  type: "text",
};
import matmul_staged from "../../../kernels/parts/matmul_staged.wgsl" with {
  type: "text",
};
import matmul_tile from "../../../kernels/parts/matmul_tile.wgsl" with {
  type: "text",
};
import matmul_units from "../../../kernels/parts/matmul_units.wgsl" with {
  type: "text",
};
import row_reduction from "../../../kernels/parts/row_reduction.wgsl" with {
  type: "text",
};
import step_backward from "../../../kernels/parts/step_backward.wgsl" with {
  type: "text",
};
import step_forward from "../../../kernels/parts/step_forward.wgsl" with {
  type: "text",
};
import weights from "../../../kernels/parts/weights.wgsl" with { type: "text" };
import tanh from "../../../kernels/parts/tanh.wgsl" with { type: "text" };
import workgroup_greatest from "../../../kernels/parts/workgroup_greatest.wgsl" with {
  type: "text",
};
import workgroup_sum from "../../../kernels/parts/workgroup_sum.wgsl" with {
  type: "text",
};
import matmul_rows from "../../../kernels/parts/matmul_rows.wgsl" with {
  type: "text",
};
import one_gate from "../../../kernels/parts/one_gate.wgsl" with {
  type: "text",
};
import gates from "../../../kernels/parts/gates.wgsl" with { type: "text" };
import recurrent_backward from "../../../kernels/parts/recurrent_backward.wgsl" with {
  type: "text",
};
import recurrent_forward from "../../../kernels/parts/recurrent_forward.wgsl" with {
  type: "text",
};
import sequence_backward from "../../../kernels/parts/sequence_backward.wgsl" with {
  type: "text",
};
import sequence_forward from "../../../kernels/parts/sequence_forward.wgsl" with {
  type: "text",
};

/** WGSL by the name of its file in kernels/parts/: declarations for many kernels. */
export const PARTS = {
  bounded,
  clip,
  each_element,
  each_parameter,
  finite,
  four_columns,
  gates,
  global_norm,
  logistic,
  matmul_elements,
  matmul_rows,
  matmul_staged,
  matmul_tile,
  matmul_units,
  one_gate,
  recurrent_backward,
  recurrent_forward,
  row_reduction,
  sequence_backward,
  sequence_forward,
  step_backward,
  step_forward,
  tanh,
  weights,
  workgroup_greatest,
  workgroup_sum,
} as const;

/** Name of a file in kernels/parts/. */
export type PartName = keyof typeof PARTS;

/** Name of a file in kernels/. */
type SourceName = keyof typeof SOURCES;

// Parts of several kernels, in the order that Deno needs: see filesOf.
const PRODUCT = ["matmul_elements", "matmul_tile", "four_columns"] as const;
const GATED_STEP = [
  "step_forward",
  "recurrent_forward",
  "matmul_units",
  "matmul_tile",
  "logistic",
  "tanh",
] as const;
const STEP_BACKWARD = [
  "step_backward",
  "recurrent_backward",
  ...PRODUCT,
] as const;
const SEQUENCE = [
  "sequence_forward",
  "recurrent_forward",
  "matmul_rows",
  "tanh",
] as const;
const SEQUENCE_BACKWARD = [
  "sequence_backward",
  "recurrent_backward",
  "matmul_rows",
] as const;
const UPDATE = [
  "each_parameter",
  "global_norm",
  "workgroup_sum",
  "clip",
  "finite",
] as const;

/** WGSL by the name of its file in kernels/: all but the parts. */
export const SOURCES = {
  carry,
  copy,
  dropout,
  embedding,
  embedding_backward,
  embedding_backward_links,
  fill,
  finish_adam,
  finish_momentum,
  finish_partials,
  finish_rmsprop,
  finish_sgd,
  gru,
  gru_backward,
  head,
  head_loss,
  head_softmax,
  head_weights,
  linear,
  linear_backward,
  lstm,
  lstm_backward,
  one_hot_linear,
  rnn,
  rnn_backward,
  sample,
  sample_drawn,
  transpose,
  weight_gradients,
} as const;

/**
 * A kernel's own file in kernels/, and the parts that it uses. A recurrent cell's file
 * makes two kernels: of one step, and of a sequence.
 */
export const KERNELS = {
  carry: ["carry", "each_element", "finite"],
  copy: ["copy", "each_element"],
  dropout: ["dropout", "each_element"],
  embedding: ["embedding", "each_element"],
  embedding_backward: ["embedding_backward", "each_element"],
  embedding_backward_links: ["embedding_backward_links"],
  fill: ["fill", "each_element"],
  finish_adam: ["finish_adam", ...UPDATE],
  finish_momentum: ["finish_momentum", ...UPDATE],
  finish_partials: ["finish_partials", "workgroup_sum"],
  finish_rmsprop: ["finish_rmsprop", ...UPDATE],
  finish_sgd: ["finish_sgd", ...UPDATE],
  gru: ["gru", ...GATED_STEP],
  gru_sequence: ["gru", ...SEQUENCE, "logistic", "gates"],
  gru_backward: ["gru_backward", ...STEP_BACKWARD],
  gru_backward_sequence: ["gru_backward", ...SEQUENCE_BACKWARD, "gates"],
  head: ["head", "weights"],
  head_loss: ["head_loss", "weights", "workgroup_sum"],
  head_softmax: ["head_softmax", "weights", "row_reduction"],
  head_weights: ["head_weights", "workgroup_sum"],
  linear: ["linear", ...PRODUCT],
  linear_backward: ["linear_backward", "matmul_staged"],
  lstm: ["lstm", ...GATED_STEP, "four_columns"],
  lstm_sequence: ["lstm", ...SEQUENCE, "logistic", "gates"],
  lstm_backward: ["lstm_backward", ...STEP_BACKWARD, "tanh"],
  lstm_backward_sequence: [
    "lstm_backward",
    ...SEQUENCE_BACKWARD,
    "tanh",
    "gates",
  ],
  one_hot_linear: ["one_hot_linear", "each_element"],
  rnn: [
    "rnn",
    "step_forward",
    "recurrent_forward",
    "one_gate",
    ...PRODUCT,
    "tanh",
  ],
  rnn_backward: ["rnn_backward", ...STEP_BACKWARD, "one_gate"],
  rnn_backward_sequence: ["rnn_backward", ...SEQUENCE_BACKWARD, "one_gate"],
  rnn_sequence: ["rnn", ...SEQUENCE, "one_gate"],
  sample: ["sample", "bounded", "workgroup_greatest"],
  sample_drawn: [
    "sample_drawn",
    "bounded",
    "workgroup_greatest",
    "workgroup_sum",
  ],
  transpose: ["transpose"],
  weight_gradients: ["weight_gradients"],
} as const satisfies Record<string, readonly [SourceName, ...PartName[]]>;

/** Name of a kernel. */
export type KernelName = keyof typeof KERNELS;

/** A file of WGSL: its path from the root, and what it holds. */
export interface WGSLFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The files that make up a kernel: its own, then the parts that it uses. WGSL
 * includes nothing, but its declarations may stand in any order. One does matter to
 * Deno 2.9: overrides that are first met behind an array sized by others make it panic,
 * so they stand at the top of a file, and matmul_tile comes behind all that have some.
 */
export function filesOf(name: KernelName): WGSLFile[] {
  const [own, ...parts] = KERNELS[name];
  return [
    { path: `kernels/${own}.wgsl`, text: SOURCES[own] },
    ...parts.map((part) => ({
      path: `kernels/parts/${part}.wgsl`,
      text: PARTS[part],
    })),
  ];
}

/** One source of several files. */
export function join(files: readonly WGSLFile[]): string {
  return files.map(({ text }) => text).join("\n");
}

/** Where a line of what `join` gives stands; lines count from 1. */
export function placeOf(
  files: readonly WGSLFile[],
  line: number,
): { path: string; line: number } | undefined {
  for (const { path, text } of files) {
    const { length } = text.split("\n");
    if (line >= 1 && line <= length) return { path, line };
    line -= length;
  }
}
