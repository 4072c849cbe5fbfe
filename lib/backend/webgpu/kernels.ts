/**
 * The sources of all kernels: the one file that imports them, since not every
 * platform can import text.
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
import lookup from "../../../kernels/lookup.wgsl" with { type: "text" };
import lookup_backward from "../../../kernels/lookup_backward.wgsl" with {
  type: "text",
};
import lookup_backward_links from "../../../kernels/lookup_backward_links.wgsl" with {
  type: "text",
};
import lstm from "../../../kernels/lstm.wgsl" with { type: "text" };
import lstm_backward from "../../../kernels/lstm_backward.wgsl" with {
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
import update from "../../../kernels/update.wgsl" with { type: "text" };
import update_adam from "../../../kernels/update_adam.wgsl" with {
  type: "text",
};
import update_momentum from "../../../kernels/update_momentum.wgsl" with {
  type: "text",
};
import update_rmsprop from "../../../kernels/update_rmsprop.wgsl" with {
  type: "text",
};

/** WGSL by the name of its file in kernels/. */
export const KERNELS = {
  carry,
  copy,
  dropout,
  embedding,
  embedding_backward,
  fill,
  global_norm,
  global_norm_partials,
  gru,
  gru_backward,
  linear,
  linear_backward_bias,
  linear_backward_input,
  linear_backward_weight,
  lookup,
  lookup_backward,
  lookup_backward_links,
  lstm,
  lstm_backward,
  rnn,
  rnn_backward,
  sample,
  sample_drawn,
  softmax_cross_entropy,
  softmax_cross_entropy_mean,
  sum_slices,
  transpose,
  update,
  update_adam,
  update_momentum,
  update_rmsprop,
} as const;

/** Name of a file in kernels/. */
export type KernelName = keyof typeof KERNELS;
