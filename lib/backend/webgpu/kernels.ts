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
import global_norm from "../../../kernels/global_norm.wgsl" with {
  type: "text",
};
import global_norm_partials from "../../../kernels/global_norm_partials.wgsl" with {
  type: "text",
};
import gru from "../../../kernels/gru.wgsl" with { type: "text" };
import gru_backward from "../../../kernels/gru_backward.wgsl" with {
  type: "text",
};
import linear from "../../../kernels/linear.wgsl" with { type: "text" };
import linear_backward_bias from "../../../kernels/linear_backward_bias.wgsl" with {
  type: "text",
};
import linear_backward_input from "../../../kernels/linear_backward_input.wgsl" with {
  type: "text",
};
import linear_backward_weight from "../../../kernels/linear_backward_weight.wgsl" with {
  type: "text",
};
import lstm from "../../../kernels/lstm.wgsl" with { type: "text" };
import lstm_backward from "../../../kernels/lstm_backward.wgsl" with {
  type: "text",
};
import one_hot_linear from "../../../kernels/one_hot_linear.wgsl" with {
  type: "text",
};
import one_hot_linear_backward from "../../../kernels/one_hot_linear_backward.wgsl" with {
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
import softmax_cross_entropy from "../../../kernels/softmax_cross_entropy.wgsl" with {
  type: "text",
};
import softmax_cross_entropy_mean from "../../../kernels/softmax_cross_entropy_mean.wgsl" with {
  type: "text",
};
import sum_slices from "../../../kernels/sum_slices.wgsl" with { type: "text" };
import transpose from "../../../kernels/transpose.wgsl" with { type: "text" };
import update_adam from "../../../kernels/update_adam.wgsl" with {
  type: "text",
};
import update_momentum from "../../../kernels/update_momentum.wgsl" with {
  type: "text",
};
import update_rmsprop from "../../../kernels/update_rmsprop.wgsl" with {
  type: "text",
};
import update_sgd from "../../../kernels/update_sgd.wgsl" with { type: "text" };
import bounded from "../../../kernels/parts/bounded.wgsl" with { type: "text" };
import clip from "../../../kernels/parts/clip.wgsl" with { type: "text" };
import finite from "../../../kernels/parts/finite.wgsl" with { type: "text" };
import logistic from "../../../kernels/parts/logistic.wgsl" with {
  type: "text",
};
import matmul_staged from "../../../kernels/parts/matmul_staged.wgsl" with {
  type: "text",
};
import matmul_tile from "../../../kernels/parts/matmul_tile.wgsl" with {
  type: "text",
};
import previous_state from "../../../kernels/parts/previous_state.wgsl" with {
  type: "text",
};
import tanh from "../../../kernels/parts/tanh.wgsl" with { type: "text" };

/** WGSL by the name of its file in kernels/parts/: declarations for many kernels. */
export const PARTS = {
  bounded,
  clip,
  finite,
  logistic,
  matmul_staged,
  matmul_tile,
  previous_state,
  tanh,
} as const;

/** Name of a file in kernels/parts/. */
export type PartName = keyof typeof PARTS;

/** WGSL by the name of its file in kernels/, and the parts that it uses. */
export const KERNELS = {
  carry: [carry, "finite"],
  copy: [copy],
  dropout: [dropout],
  embedding: [embedding],
  embedding_backward: [embedding_backward],
  embedding_backward_links: [embedding_backward_links],
  fill: [fill],
  global_norm: [global_norm],
  global_norm_partials: [global_norm_partials],
  gru: [gru, "matmul_tile", "previous_state", "logistic", "tanh"],
  gru_backward: [gru_backward, "matmul_tile"],
  linear: [linear, "matmul_tile"],
  linear_backward_bias: [linear_backward_bias],
  linear_backward_input: [linear_backward_input, "matmul_staged"],
  linear_backward_weight: [linear_backward_weight, "matmul_staged"],
  lstm: [lstm, "matmul_tile", "previous_state", "logistic", "tanh"],
  lstm_backward: [lstm_backward, "matmul_tile", "tanh"],
  one_hot_linear: [one_hot_linear],
  one_hot_linear_backward: [one_hot_linear_backward],
  rnn: [rnn, "matmul_tile", "previous_state", "tanh"],
  rnn_backward: [rnn_backward, "matmul_tile"],
  sample: [sample, "bounded"],
  sample_drawn: [sample_drawn, "bounded"],
  softmax_cross_entropy: [softmax_cross_entropy],
  softmax_cross_entropy_mean: [softmax_cross_entropy_mean],
  sum_slices: [sum_slices],
  transpose: [transpose],
  update_adam: [update_adam, "clip", "finite"],
  update_momentum: [update_momentum, "clip", "finite"],
  update_rmsprop: [update_rmsprop, "clip", "finite"],
  update_sgd: [update_sgd, "clip", "finite"],
} as const satisfies Record<string, readonly [string, ...PartName[]]>;

/** Name of a file in kernels/. */
export type KernelName = keyof typeof KERNELS;

/** A file of WGSL: its path from the root, and what it holds. */
export interface WGSLFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The files that make up a kernel: its own, then the parts that it uses. WGSL
 * includes nothing, but its declarations may stand in any order. One does matter to
 * Deno 2.9: overrides that come behind an array sized by others make it panic, so a
 * kernel's own stand at its top.
 */
export function filesOf(name: KernelName): WGSLFile[] {
  const [text, ...parts] = KERNELS[name];
  return [
    { path: `kernels/${name}.wgsl`, text },
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
