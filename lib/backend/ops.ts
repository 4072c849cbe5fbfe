/**
 * The ops, each defined once: its equation, its arguments, and in
 * {@linkcode SIGNATURES} how every backend checks and receives them. backend.ts has the
 * legend of dimensions.
 *
 * @module
 */

import {
  any,
  choice,
  f32,
  ids,
  inPlace,
  number,
  optional,
  over,
  requiring,
  result,
  type SignatureOf,
  type TensorSignature,
  u32,
  words,
} from "./signature.ts";
import type { Tensor } from "./tensor.ts";

/** The nonlinearities of a vanilla recurrent layer. */
export const ACTIVATIONS = ["tanh", "relu"] as const;

/** The nonlinearity of a vanilla recurrent layer. */
export type Activation = typeof ACTIVATIONS[number];

/** The update rules of `ops.finish`, each with the moments that it keeps. */
export const UPDATE_RULES = {
  sgd: [],
  momentum: ["firstMoment"],
  adam: ["firstMoment", "secondMoment"],
  adamw: ["firstMoment", "secondMoment"],
  rmsprop: ["secondMoment"],
} as const satisfies Readonly<
  Record<string, readonly ("firstMoment" | "secondMoment")[]>
>;

/** Name of an update rule of `ops.finish`. */
export type UpdateRule = keyof typeof UPDATE_RULES;

/**
 * A model's operations: whole layers, each over a whole sequence, and what lies around
 * the layers. A minibatch of training is the layers, `head`, the layers backwards with
 * the `weightGradients` of each, and `finish`: the three take together what a device
 * can do in one go.
 *
 * All tensors are arguments, including the results (`output`, `loss`, `norm`, `tokens`
 * and every `d…` except `dOutput`), which are overwritten, never added to. An op
 * allocates nothing that a caller could see, and may return before it has been
 * executed. A result must not overlap an argument, except where an op says so.
 */
export interface Ops {
  /** `output[t,b,:] = weight[:, ids[t,b]]`: a one-hot row times `weightᵀ`. */
  oneHotLinear(tensors: OneHotLinear): void;
  /** `output[t,b,:] = table[ids[t,b], :]`: a learned embedding. */
  embedding(tensors: Embedding): void;
  /** `dTable[v, :] = Σ dOutput[t,b,:]` over the positions where `ids[t,b] = v`. */
  embeddingBackward(tensors: EmbeddingBackward): void;
  /** `output = input · weightᵀ + bias`. */
  linear(tensors: Linear): void;
  /** `dInput = dOutput · weight`. */
  linearBackward(tensors: LinearBackward): void;
  /** `output_t = f(input_t + output_{t-1} · weightᵀ + bias)`, `output_{-1} = initialState`. */
  rnn(tensors: Rnn): void;
  /** Backpropagation through time of `rnn`: `dInput` is the gradient before `f`. */
  rnnBackward(tensors: RnnBackward): void;
  /** A layer of gated recurrent units: see {@linkcode Gru}. */
  gru(tensors: Gru): void;
  /** Backpropagation through time of `gru`: see {@linkcode GruBackward}. */
  gruBackward(tensors: GruBackward): void;
  /** A layer of long short-term memory: see {@linkcode Lstm}. */
  lstm(tensors: Lstm): void;
  /** Backpropagation through time of `lstm`: see {@linkcode LstmBackward}. */
  lstmBackward(tensors: LstmBackward): void;
  /** The gradients of the weights and biases: see {@linkcode WeightGradients}. */
  weightGradients(tensors: WeightGradients): void;
  /** Sets a random part of the elements to zero and scales up the others. */
  dropout(tensors: Dropout): void;
  /** The logits, the loss and where the gradients begin: see {@linkcode Head}. */
  head(tensors: Head): void;
  /** The gradients' norm and one update of an optimizer: see {@linkcode Finish}. */
  finish(tensors: Finish): void;
  /** Sets every element to `value`. */
  fill(tensors: Fill): void;
  /** `destination = source`, with the same number of elements. */
  copy(tensors: Copy): void;
  /**
   * Carries a state over to the next minibatch, if it is finite: see {@linkcode Carry}.
   */
  carry(tensors: Carry): void;
  /** Chooses the next token of every row: see {@linkcode Sample}. */
  sample(tensors: Sample): void;
}

/** Arguments of `ops.oneHotLinear`. Ids are below `V`. */
export interface OneHotLinear {
  /** `(T, B)` u32. */
  readonly ids: Tensor;
  /** `(O, V)`. */
  readonly weight: Tensor;
  /** `(T, B, O)`. */
  readonly output: Tensor;
}

/** Arguments of `ops.embedding`. Ids are below `V`. */
export interface Embedding {
  /** `(T, B)` u32. */
  readonly ids: Tensor;
  /** `(V, E)`. */
  readonly table: Tensor;
  /** `(T, B, E)`. */
  readonly output: Tensor;
}

/** Arguments of `ops.embeddingBackward`. */
export interface EmbeddingBackward {
  /** `(T, B)` u32. */
  readonly ids: Tensor;
  /** `(T, B, E)`. */
  readonly dOutput: Tensor;
  /** `(V, E)`. */
  readonly dTable: Tensor;
}

/** Arguments of `ops.linear`. */
export interface Linear {
  /** `(…, I)`. */
  readonly input: Tensor;
  /** `(O, I)`. */
  readonly weight: Tensor;
  /** `(O)`. */
  readonly bias?: Tensor;
  /** `(…, O)`. */
  readonly output: Tensor;
}

/** Arguments of `ops.linearBackward`. */
export interface LinearBackward {
  /** `(O, I)`. */
  readonly weight: Tensor;
  /** `(…, O)`. */
  readonly dOutput: Tensor;
  /** `(…, I)`. */
  readonly dInput: Tensor;
}

/** Arguments of `ops.rnn`. */
export interface Rnn {
  /** `(T, B, H)`, the input's contribution to the sum before f. */
  readonly input: Tensor;
  /** `(H, H)`. */
  readonly weight: Tensor;
  /** `(H)`. */
  readonly bias: Tensor;
  /** `(B, H)`. */
  readonly initialState: Tensor;
  /** `(T, B, H)`. */
  readonly output: Tensor;
  /** The nonlinearity `f`. */
  readonly activation: Activation;
}

/** Arguments of `ops.rnnBackward`. */
export interface RnnBackward {
  /** `(H, H)`. */
  readonly weight: Tensor;
  /** `(T, B, H)`, as computed by `rnn`. */
  readonly output: Tensor;
  /** `(T, B, H)`. */
  readonly dOutput: Tensor;
  /** `(T, B, H)`. */
  readonly dInput: Tensor;
  /** The nonlinearity `f`. */
  readonly activation: Activation;
}

/**
 * Arguments of `ops.gru`. `⊙` is the elementwise product and σ the logistic sigmoid.
 * For the three parts r, z, n of `input`, `weight` and `bias`:
 *
 *     r_t = σ(x_r + h_{t-1} · W_rᵀ + b_r)            the reset gate
 *     z_t = σ(x_z + h_{t-1} · W_zᵀ + b_z)            the update gate
 *     m_t = h_{t-1} · W_nᵀ + hiddenBias
 *     n_t = tanh(x_n + b_n + r_t ⊙ m_t)              the new state's candidate
 *     h_t = (1 − z_t) ⊙ n_t + z_t ⊙ h_{t-1}
 *
 * The reset gate is applied after the product, as in PyTorch and cuDNN.
 */
export interface Gru {
  /** `(T, B, 3H)`, the input's contribution to the sum of each gate: r, z, n. */
  readonly input: Tensor;
  /** `(3H, H)`: r, z, n. */
  readonly weight: Tensor;
  /** `(3H)`: r, z, n. */
  readonly bias: Tensor;
  /** `(H)`, which the reset gate multiplies. */
  readonly hiddenBias: Tensor;
  /** `(B, H)`. */
  readonly initialState: Tensor;
  /** `(T, B, H)`. */
  readonly output: Tensor;
  /** `(T, B, 4H)`: `r_t`, `z_t`, `n_t` and `m_t`, a result for `gruBackward`. */
  readonly gates: Tensor;
}

/**
 * Arguments of `ops.gruBackward`. `dh_t` is the gradient with respect to `h_t`, from
 * `dOutput_t` and from the next time step, and `a` stands for the arguments of σ and
 * tanh:
 *
 *     da_n = dh_t ⊙ (1 − z_t) ⊙ (1 − n_t²)
 *     da_z = dh_t ⊙ (h_{t-1} − n_t) ⊙ z_t ⊙ (1 − z_t)
 *     dm   = da_n ⊙ r_t
 *     da_r = da_n ⊙ m_t ⊙ r_t ⊙ (1 − r_t)
 *     dh_{t-1} = dh_t ⊙ z_t + da_r · W_r + da_z · W_z + dm · W_n
 *
 * `dInput` is `da_r, da_z, da_n`, the gradient by the input's share of the sums, and
 * `dSums` is `da_r, da_z, dm`, the gradient by the state's.
 */
export interface GruBackward {
  /** `(3H, H)`. */
  readonly weight: Tensor;
  /** `(B, H)`. */
  readonly initialState: Tensor;
  /** `(T, B, H)`, as computed by `gru`. */
  readonly output: Tensor;
  /** `(T, B, 4H)`, as computed by `gru`. */
  readonly gates: Tensor;
  /** `(T, B, H)`. */
  readonly dOutput: Tensor;
  /** `(T, B, 3H)`. */
  readonly dInput: Tensor;
  /** `(T, B, 3H)`. */
  readonly dSums: Tensor;
}

/**
 * Arguments of `ops.lstm`. For the four parts i, f, g, o of `input`, `weight` and
 * `bias`, with `a = x + h_{t-1} · Wᵀ + b`:
 *
 *     i_t = σ(a_i)   f_t = σ(a_f)   g_t = tanh(a_g)   o_t = σ(a_o)
 *     c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t
 *     h_t = o_t ⊙ tanh(c_t)
 */
export interface Lstm {
  /** `(T, B, 4H)`, the input's contribution to the sum of each gate: i, f, g, o. */
  readonly input: Tensor;
  /** `(4H, H)`: i, f, g, o. */
  readonly weight: Tensor;
  /** `(4H)`: i, f, g, o. */
  readonly bias: Tensor;
  /** `(B, H)`. */
  readonly initialState: Tensor;
  /** `(B, H)`. */
  readonly initialCell: Tensor;
  /** `(T, B, H)`. */
  readonly output: Tensor;
  /** `(T, B, H)`: `c_t`. */
  readonly cells: Tensor;
  /** `(T, B, 4H)`: `i_t`, `f_t`, `g_t` and `o_t`, a result for `lstmBackward`. */
  readonly gates: Tensor;
}

/**
 * Arguments of `ops.lstmBackward`. `dh_t` and `dc_t` are the gradients with respect to
 * `h_t` and `c_t`, including those from the next time step:
 *
 *     dc_t += dh_t ⊙ o_t ⊙ (1 − tanh² c_t)
 *     da_i = dc_t ⊙ g_t ⊙ i_t ⊙ (1 − i_t)       da_g = dc_t ⊙ i_t ⊙ (1 − g_t²)
 *     da_f = dc_t ⊙ c_{t-1} ⊙ f_t ⊙ (1 − f_t)   da_o = dh_t ⊙ tanh c_t ⊙ o_t ⊙ (1 − o_t)
 *     dc_{t-1} = dc_t ⊙ f_t                     dh_{t-1} = da · W
 *
 * `dInput` is `da`.
 */
export interface LstmBackward {
  /** `(4H, H)`. */
  readonly weight: Tensor;
  /** `(B, H)`. */
  readonly initialCell: Tensor;
  /** `(T, B, H)`, as computed by `lstm`. */
  readonly cells: Tensor;
  /** `(T, B, 4H)`, as computed by `lstm`. */
  readonly gates: Tensor;
  /** `(T, B, H)`. */
  readonly dOutput: Tensor;
  /** `(T, B, 4H)`. */
  readonly dInput: Tensor;
}

/**
 * Arguments of `ops.weightGradients`: the gradients of all weights and biases around a
 * layer, which are sums over every position, so that a device can do them in one go.
 * `x` is what the layer takes, `input` or the one-hot rows of `ids`, and `h` its states,
 * `h_{-1} = initialState` and `h_t = output_t`:
 *
 *     dWeightIh = Σ_{t,b} dInput[t,b,:]ᵀ · x[t,b,:]         dBias = Σ_{t,b} dInput[t,b,:]
 *     dWeight = Σ_{t,b} dSums[t,b,:]ᵀ · h_{t-1}[b,:]
 *     dHiddenBias = Σ_{t,b} dSums[t,b,O−H:]                 of the last H of the columns
 *     dHeadWeight = Σ_{t,b} dLogits[t,b,:]ᵀ · h_t[b,:]      of a head above the layer
 *     dHeadBias = Σ_{t,b} dLogits[t,b,:]
 *
 * O is the G·H of the layer's cell. Any of the results may be left out.
 */
export interface WeightGradients {
  /** `(T, B)` u32, each below `I`; with them there is no other input. */
  readonly ids?: Tensor;
  /** `(T, B, I)`. */
  readonly input?: Tensor;
  /** `(B, H)`. */
  readonly initialState?: Tensor;
  /** `(T, B, H)`. */
  readonly output?: Tensor;
  /** `(T, B, O)`, the gradient by the input's share of the sums. */
  readonly dInput: Tensor;
  /** `(T, B, O)`, the gradient by the state's share; `dInput` where it is the same. */
  readonly dSums?: Tensor;
  /** `(T, B, V)`. */
  readonly dLogits?: Tensor;
  /** `(O, I)`. */
  readonly dWeightIh?: Tensor;
  /** `(O, H)`. */
  readonly dWeight?: Tensor;
  /** `(O)`. */
  readonly dBias?: Tensor;
  /** `(H)`. */
  readonly dHiddenBias?: Tensor;
  /** `(V, H)`. */
  readonly dHeadWeight?: Tensor;
  /** `(V)`. */
  readonly dHeadBias?: Tensor;
}

/**
 * Arguments of `ops.dropout`. Element i becomes zero if word `i mod 4` of the Philox
 * block `[⌊i/4⌋, ...counter]` under `key` is below `⌊rate · 2³²⌋`; the others are
 * divided by `1 − rate`. The backward pass is the same op applied to the gradient.
 */
export interface Dropout {
  /** Any shape. */
  readonly input: Tensor;
  /** Same number of elements; may be the input itself. */
  readonly output: Tensor;
  /** Probability that an element is set to zero: at least 0 and below 1. */
  readonly rate: number;
  /** Two 32-bit words. */
  readonly key: readonly [number, number];
  /** Three 32-bit words. */
  readonly counter: readonly [number, number, number];
}

/**
 * Arguments of `ops.head`: a model's last layer, which is linear, and the cross-entropy
 * of its softmax. Any of the results may be left out; all but the logits take targets,
 * which are below `V`. With `w` for the target's weight and `W` for the sum of them all:
 *
 *     z[t,b,:] = input[t,b,:] · weightᵀ + bias                      the logits
 *     losses[t,b] = w · (log Σ_v exp z[t,b,v] − z[t,b,target])
 *     loss = Σ losses / W
 *     dLogits[t,b,:] = w / W · (softmax(z[t,b,:]) − oneHot(target))
 *     dInput = dLogits · weight
 *
 * A position whose weight is 0 has no loss and no gradient, whatever its logits are.
 * Where all weights are 0 the loss is 0.
 */
export interface Head {
  /** `(T, B, H)`. */
  readonly input: Tensor;
  /** `(V, H)`. */
  readonly weight: Tensor;
  /** `(V)`. */
  readonly bias: Tensor;
  /** `(T, B)` u32. */
  readonly targets?: Tensor;
  /** `(T, B)`, each at least 0. Default: all 1. */
  readonly targetWeights?: Tensor;
  /** `(T, B, V)`. */
  readonly logits?: Tensor;
  /** `()`, nats per token: the mean of the tokens' cross-entropies by their weights. */
  readonly loss?: Tensor;
  /** `(T, B)`, the cross-entropy of each token times its weight. */
  readonly losses?: Tensor;
  /** `(T, B, V)`, the gradient of the loss. */
  readonly dLogits?: Tensor;
  /** `(T, B, H)`, the gradient of the loss; only with `dLogits`. */
  readonly dInput?: Tensor;
}

/**
 * Arguments of `ops.finish`: one update of an optimizer. The gradients are first clipped,
 * by their global norm and then one by one, and weight decay is added (with `adamw`,
 * `p −= learningRate · weightDecay · p` is applied beforehand instead):
 *
 *     norm = √ Σ gradients²
 *     g = clamp(min(1, clipNorm / norm) · gradient, ±clipValue) + weightDecay · p
 *
 *     sgd        p −= learningRate · g
 *     momentum   m = beta1 · m + g                      p −= learningRate · m
 *     rmsprop    v = beta2 · v + (1 − beta2) · g²       p −= learningRate · g / (√v + epsilon)
 *     adam(w)    m = beta1 · m + (1 − beta1) · g,  v = beta2 · v + (1 − beta2) · g²
 *                p −= learningRate / correction1 · m / (√v / √correction2 + epsilon)
 *
 * If the norm is not finite, nothing changes. An element whose new parameter or moment
 * would not be finite in the tensor's type keeps all its old values, so that finite
 * values stay finite. Source: PyTorch's `torch.optim`.
 */
export interface Finish {
  /** The update rule. Default `"sgd"`. */
  readonly rule?: UpdateRule;
  /** `(P)`, updated in place. */
  readonly parameters: Tensor;
  /** `(P)`. */
  readonly gradients: Tensor;
  /** `()`, the norm of all gradients together. */
  readonly norm: Tensor;
  /** `(P)`, `m`, updated in place; for momentum, adam and adamw. */
  readonly firstMoment?: Tensor;
  /** `(P)`, `v`, updated in place; for rmsprop, adam and adamw. */
  readonly secondMoment?: Tensor;
  /** At least 0. */
  readonly learningRate: number;
  /** Largest norm of all gradients together; 0: no limit. */
  readonly clipNorm: number;
  /** Largest absolute value of a gradient; 0: no limit. Default 0. */
  readonly clipValue?: number;
  /** At least 0. Default 0. */
  readonly weightDecay?: number;
  /** Decay of the first moment: at least 0 and below 1. Default 0. */
  readonly beta1?: number;
  /** Decay of the second moment: at least 0 and below 1. Default 0. */
  readonly beta2?: number;
  /** Added to the divisor, so that it is not 0. Default 0. */
  readonly epsilon?: number;
  /** `1 − beta1ᵗ` for the t-th update. Default 1. */
  readonly correction1?: number;
  /** `1 − beta2ᵗ` for the t-th update. Default 1. */
  readonly correction2?: number;
}

/** Arguments of `ops.fill`. */
export interface Fill {
  /** Any shape, f32. */
  readonly tensor: Tensor;
  /** Any float32 number. */
  readonly value: number;
}

/** Arguments of `ops.copy`. */
export interface Copy {
  /** Any shape. */
  readonly source: Tensor;
  /** Same number of elements, of the same type. */
  readonly destination: Tensor;
}

/**
 * Arguments of `ops.carry`: the state from which a layer continues after a minibatch.
 *
 *     destination = source, or 0 where the element or the norm is not finite
 *
 * So after a minibatch whose gradient overflowed, the state is zero, and not the state
 * that the minibatch started from: that state is itself close to overflow, and a layer
 * whose state has no bound, such as one with ReLU, would overflow again from it. The
 * device decides, so no readback is needed.
 */
export interface Carry {
  /** Any shape, f32. */
  readonly source: Tensor;
  /** Same number of elements, f32. */
  readonly destination: Tensor;
  /** `()`, as computed by `finish`. */
  readonly norm: Tensor;
}

/**
 * Arguments of `ops.sample`. The logits of a row, `z`, go through these steps, in
 * order:
 *
 * 1. Ids below `firstId` are left out, here and in all following steps.
 * 2. If the token was `seen`, `z` is divided by `repetitionPenalty` if it is above 0,
 *    otherwise multiplied by it.
 * 3. Infinity becomes the largest float32 number, −∞ and NaN become the smallest one,
 *    so that an id is chosen even if the numbers of the model have overflowed.
 * 4. Without `uniforms`, the id with the largest value is chosen; among equal ones, the
 *    lowest id. Otherwise:
 * 5. `z` is divided by `temperature`.
 * 6. Only tokens that are at least as likely as the `topK`-th likeliest are kept.
 * 7. Of these, the likeliest tokens whose probabilities first add up to `topP` or more
 *    are kept, and those that are as likely as the least likely of them.
 * 8. The first token, by id, at which the running sum of the kept probabilities exceeds
 *    `uniforms[b]` times their total is chosen.
 *
 * Source: the usual order of logits processors; Keskar et al. 2019 for 2, Fan et al.
 * 2018 for 6, Holtzman et al. 2020 for 7.
 */
export interface Sample {
  /** `(B, V)`. */
  readonly logits: Tensor;
  /** `(B)` u32. */
  readonly tokens: Tensor;
  /** `(B)`, each at least 0 and below 1. */
  readonly uniforms?: Tensor;
  /** The lowest id that may be chosen, below `V`. Default 0. */
  readonly firstId?: number;
  /** Above 0; clamped to 2⁻¹⁰⁰ and 2¹⁰⁰. Default 1. */
  readonly temperature?: number;
  /** At least 0; 0 means all tokens, as does any number of `V` or more. Default 0. */
  readonly topK?: number;
  /** Above 0 and up to 1, which means all tokens. Default 1. */
  readonly topP?: number;
  /** Above 0, clamped like the temperature; 1 means no penalty. Default 1. */
  readonly repetitionPenalty?: number;
  /** `(B, V)` u32: not 0 for tokens in the text so far. Chosen tokens are set to 1. */
  readonly seen?: Tensor;
  /** `(B)`, a result: `log softmax(logits)` of the chosen token, after step 1 only. */
  readonly logProbabilities?: Tensor;
}

/** The numbers that logits are divided by: float32 has them and their inverses. */
const DIVISOR = { above: 0, least: 2 ** -100, most: 2 ** 100 };

/** Decay of a moment. */
const DECAY = { from: 0, below: 1 };

/** What `1 − beta^t` can be. */
const CORRECTION = { above: 0, to: 1 };

/** A moment, which is needed by the rules that keep it. */
function moment(
  name: "firstMoment" | "secondMoment",
): TensorSignature & { readonly dtype: "f32"; readonly isOptional: true } {
  return {
    ...optional(inPlace(f32("P"))),
    isNeeded: ({ rule }) =>
      UPDATE_RULES[rule as UpdateRule].some((kept) => kept === name),
  };
}

/**
 * What every op takes, in the order in which kernels take it: tensors, sizes, scalars.
 *
 * @ignore
 */
export const SIGNATURES: {
  readonly [Op in keyof Ops]: SignatureOf<Parameters<Ops[Op]>[0]>;
} = {
  oneHotLinear: {
    tensors: {
      ids: ids("T B", "V"),
      weight: f32("O V"),
      output: result(f32("T B O")),
    },
    sizes: ["rows", "O", "V"],
    scalars: {},
  },
  embedding: {
    tensors: {
      ids: ids("T B", "V"),
      table: f32("V E"),
      output: result(f32("T B E")),
    },
    sizes: ["rows", "V", "E"],
    scalars: {},
  },
  embeddingBackward: {
    tensors: {
      ids: ids("T B", "V"),
      dOutput: f32("T B E"),
      dTable: result(f32("V E")),
    },
    sizes: ["rows", "V", "E"],
    scalars: {},
  },
  linear: {
    tensors: {
      input: f32("... I"),
      weight: f32("O I"),
      bias: optional(f32("O")),
      output: result(f32("... O")),
    },
    sizes: ["rows", "I", "O"],
    scalars: {},
  },
  linearBackward: {
    tensors: {
      weight: f32("O I"),
      dOutput: f32("... O"),
      dInput: result(f32("... I")),
    },
    sizes: ["rows", "I", "O"],
    scalars: {},
  },
  rnn: {
    tensors: {
      input: f32("T B H"),
      weight: f32("H H"),
      bias: f32("H"),
      initialState: f32("B H"),
      output: result(f32("T B H")),
    },
    sizes: ["T", "B", "H"],
    scalars: { activation: choice(ACTIVATIONS) },
  },
  rnnBackward: {
    tensors: {
      weight: f32("H H"),
      output: f32("T B H"),
      dOutput: f32("T B H"),
      dInput: result(f32("T B H")),
    },
    sizes: ["T", "B", "H"],
    scalars: { activation: choice(ACTIVATIONS) },
  },
  gru: {
    tensors: {
      input: f32("T B 3H"),
      weight: f32("3H H"),
      bias: f32("3H"),
      hiddenBias: f32("H"),
      initialState: f32("B H"),
      output: result(f32("T B H")),
      gates: result(f32("T B 4H")),
    },
    sizes: ["T", "B", "H"],
    scalars: {},
  },
  gruBackward: {
    tensors: {
      weight: f32("3H H"),
      initialState: f32("B H"),
      output: f32("T B H"),
      gates: f32("T B 4H"),
      dOutput: f32("T B H"),
      dInput: result(f32("T B 3H")),
      dSums: result(f32("T B 3H")),
    },
    sizes: ["T", "B", "H"],
    scalars: {},
  },
  lstm: {
    tensors: {
      input: f32("T B 4H"),
      weight: f32("4H H"),
      bias: f32("4H"),
      initialState: f32("B H"),
      initialCell: f32("B H"),
      output: result(f32("T B H")),
      cells: result(f32("T B H")),
      gates: result(f32("T B 4H")),
    },
    sizes: ["T", "B", "H"],
    scalars: {},
  },
  lstmBackward: {
    tensors: {
      weight: f32("4H H"),
      initialCell: f32("B H"),
      cells: f32("T B H"),
      gates: f32("T B 4H"),
      dOutput: f32("T B H"),
      dInput: result(f32("T B 4H")),
    },
    sizes: ["T", "B", "H"],
    scalars: {},
  },
  weightGradients: {
    tensors: {
      ids: requiring("dWeightIh", optional(ids("T B", "I"))),
      input: optional(f32("T B I")),
      initialState: requiring("output", optional(f32("B H"))),
      output: optional(f32("T B H")),
      dInput: f32("T B O"),
      dSums: optional(f32("T B O")),
      dLogits: requiring("output", optional(f32("T B V"))),
      dWeightIh: requiring(["ids", "input"], optional(result(f32("O I")))),
      dWeight: requiring("initialState", optional(result(f32("O H")))),
      dBias: optional(result(f32("O"))),
      dHiddenBias: requiring("dWeight", optional(result(f32("H")))),
      dHeadWeight: requiring("dLogits", optional(result(f32("V H")))),
      dHeadBias: requiring("dHeadWeight", optional(result(f32("V")))),
    },
    sizes: ["T", "B", "I", "H", "O", "V"],
    scalars: {},
  },
  dropout: {
    tensors: {
      input: f32("*"),
      output: over("input", result(f32("*"))),
    },
    sizes: ["size"],
    scalars: {
      rate: number({ from: 0, below: 1 }),
      key: words(2),
      counter: words(3),
    },
  },
  head: {
    tensors: {
      input: f32("T B H"),
      weight: f32("V H"),
      bias: f32("V"),
      targets: optional(ids("T B", "V")),
      targetWeights: requiring("targets", optional(f32("T B"))),
      logits: optional(result(f32("T B V"))),
      loss: requiring("targets", optional(result(f32("")))),
      losses: requiring("targets", optional(result(f32("T B")))),
      dLogits: requiring("targets", optional(result(f32("T B V")))),
      dInput: requiring("dLogits", optional(result(f32("T B H")))),
    },
    sizes: ["rows", "H", "V"],
    scalars: {},
  },
  finish: {
    tensors: {
      parameters: inPlace(f32("P")),
      gradients: f32("P"),
      norm: result(f32("")),
      firstMoment: moment("firstMoment"),
      secondMoment: moment("secondMoment"),
    },
    sizes: ["P"],
    scalars: {
      rule: choice(Object.keys(UPDATE_RULES) as UpdateRule[], "sgd"),
      learningRate: number({ from: 0 }),
      clipNorm: number({ from: 0 }),
      clipValue: number({ from: 0 }, 0),
      weightDecay: number({ from: 0 }, 0),
      beta1: number(DECAY, 0),
      beta2: number(DECAY, 0),
      epsilon: number({ from: 0 }, 0),
      correction1: number(CORRECTION, 1),
      correction2: number(CORRECTION, 1),
    },
  },
  fill: {
    tensors: { tensor: result(f32("*")) },
    sizes: ["size"],
    scalars: { value: number({}) },
  },
  copy: {
    tensors: { source: any("*"), destination: result(any("*")) },
    sizes: ["size"],
    scalars: {},
  },
  carry: {
    tensors: {
      source: f32("*"),
      destination: result(f32("*")),
      norm: f32(""),
    },
    sizes: ["size"],
    scalars: {},
  },
  sample: {
    tensors: {
      logits: f32("B V"),
      tokens: result(u32("B")),
      uniforms: optional(f32("B")),
      seen: optional(inPlace(u32("B V"))),
      logProbabilities: optional(result(f32("B"))),
    },
    sizes: ["B", "V"],
    scalars: {
      firstId: number({ isWhole: true, from: 0, below: "V" }, 0),
      temperature: number(DIVISOR, 1),
      topK: number({ isWhole: true, from: 0, most: "V" }, 0),
      topP: number({ above: 0, to: 1 }, 1),
      repetitionPenalty: number(DIVISOR, 1),
    },
  },
};
