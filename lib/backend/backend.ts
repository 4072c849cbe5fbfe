/**
 * The one interface between the model and a device: types only.
 *
 * Dimension legend, used in every comment of this project:
 *
 * | letter | meaning | letter | meaning |
 * | --- | --- | --- | --- |
 * | `B` | batch size | `H` | hidden size |
 * | `T` | number of steps | `I` | size of a layer's input |
 * | `V` | vocabulary size | `O` | size of a layer's output |
 * | `N` | minibatches in a chunk | `P` | number of parameters |
 * | `G` | gates of a cell | `E` | size of a token's embedding |
 *
 * Token ids of a minibatch are time-major `(T, B)`, activations `(T, B, H)`,
 * logits `(T, B, V)`. A loss is in nats per token. The gradient of `x` is `dX`.
 * Weights are laid out as PyTorch lays them out: `(outputs, inputs)`.
 *
 * @module
 */

/** Element type of a tensor: `f32` for real numbers, `u32` for token ids. */
export type DType = "f32" | "u32";

/** What {@linkcode Backend.read} returns: float64 only from a float64 backend. */
export type Values = Float32Array | Float64Array | Uint32Array;

/** Every nonlinearity of a vanilla recurrent layer. */
export const ACTIVATIONS = ["tanh", "relu"] as const;

/** The nonlinearity of a vanilla recurrent layer. */
export type Activation = typeof ACTIVATIONS[number];

/** A dense, row-major array on a device. Its elements are read by `Backend.read`. */
export interface Tensor {
  /** Extent of each dimension; `[]` for a scalar. */
  readonly shape: readonly number[];
  /** What its elements are. */
  readonly dtype: DType;
  /** The entry `index` of the first dimension, as a view: it shares its elements. */
  at(index: number): Tensor;
  /** `shape` from the element `offset` on, as a view: it shares its elements. */
  view(offset: number, shape: readonly number[]): Tensor;
}

/** A device that holds tensors and runs {@linkcode Ops} on them in call order. */
export interface Backend extends Disposable {
  /** Short name, as `--device` takes it: `"reference"`, `"cpu"`, `"webgpu"`. */
  readonly name: string;
  /** One line for people: the device, and what it runs on. */
  readonly description: string;
  /** The operations of this device. */
  readonly ops: Ops;
  /** A new tensor, filled with zeros. */
  allocate(shape: readonly number[], dtype?: DType): Tensor;
  /** Gives the memory of an allocated tensor back; its views are gone with it. */
  free(tensor: Tensor): void;
  /** Copies `values` into `tensor`, after all ops called before. */
  write(tensor: Tensor, values: ArrayLike<number>): void;
  /** A copy of the elements, after all ops called before. The only wait there is. */
  read(tensor: Tensor): Promise<Values>;
}

/**
 * A model's operations: whole layers, each over a whole sequence.
 *
 * Every tensor is an argument, results too (`output`, `loss`, `norm`, `tokens` and
 * every `d…` but `dOutput`); results are overwritten, never added to. An op
 * allocates nothing that a caller could see, and may return before it has run.
 * A result must not overlap an argument, except where an op says so.
 */
export interface Ops {
  /** `output[t,b,:] = weight[:, ids[t,b]]`: a one-hot row times `weightᵀ`. */
  oneHotLinear(tensors: OneHotLinear): void;
  /** `dWeight[:, v] = Σ dOutput[t,b,:]` over the places where `ids[t,b] = v`. */
  oneHotLinearBackward(tensors: OneHotLinearBackward): void;
  /** `output[t,b,:] = table[ids[t,b], :]`: a learned embedding. */
  embedding(tensors: Embedding): void;
  /** `dTable[v, :] = Σ dOutput[t,b,:]` over the places where `ids[t,b] = v`. */
  embeddingBackward(tensors: EmbeddingBackward): void;
  /** `output = input · weightᵀ + bias`. */
  linear(tensors: Linear): void;
  /** `dInput = dOutput · weight`, `dWeight = dOutputᵀ · input`, `dBias = Σ dOutput`. */
  linearBackward(tensors: LinearBackward): void;
  /** `output_t = f(input_t + output_{t-1} · weightᵀ + bias)`, `output_{-1} = initialState`. */
  rnn(tensors: Rnn): void;
  /** Backpropagation through time of `rnn`; `dInput` is the gradient before `f`. */
  rnnBackward(tensors: RnnBackward): void;
  /** A layer of gated recurrent units: see {@linkcode Gru}. */
  gru(tensors: Gru): void;
  /** Backpropagation through time of `gru`: see {@linkcode GruBackward}. */
  gruBackward(tensors: GruBackward): void;
  /** A layer of long short-term memory: see {@linkcode Lstm}. */
  lstm(tensors: Lstm): void;
  /** Backpropagation through time of `lstm`: see {@linkcode LstmBackward}. */
  lstmBackward(tensors: LstmBackward): void;
  /** Zeroes a random part of the elements and scales up the others. */
  dropout(tensors: Dropout): void;
  /** Mean cross-entropy of `softmax(logits)` and the gradient of that mean. */
  softmaxCrossEntropy(tensors: SoftmaxCrossEntropy): void;
  /** `norm = √ Σ gradients²`. */
  globalNorm(tensors: GlobalNorm): void;
  /** One step of an optimizer, gradients clipped: see {@linkcode Update}. */
  update(tensors: Update): void;
  /** Every element becomes `value`. */
  fill(tensors: Fill): void;
  /** `destination = source`, of the same number of elements. */
  copy(tensors: Copy): void;
  /** Hands a state on to the next minibatch, if it is sound: see {@linkcode Carry}. */
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

/** Arguments of `ops.oneHotLinearBackward`. */
export interface OneHotLinearBackward {
  /** `(T, B)` u32. */
  readonly ids: Tensor;
  /** `(T, B, O)`. */
  readonly dOutput: Tensor;
  /** `(O, V)`. */
  readonly dWeight: Tensor;
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
  /** `(…, I)`. */
  readonly input: Tensor;
  /** `(O, I)`. */
  readonly weight: Tensor;
  /** `(…, O)`. */
  readonly dOutput: Tensor;
  /** `(…, I)`. */
  readonly dInput?: Tensor;
  /** `(O, I)`. */
  readonly dWeight: Tensor;
  /** `(O)`. */
  readonly dBias?: Tensor;
}

/** Arguments of `ops.rnn`. */
export interface Rnn {
  /** `(T, B, H)`, the input's share of the sum before f. */
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
  /** `(B, H)`. */
  readonly initialState: Tensor;
  /** `(T, B, H)`, as `rnn` left it. */
  readonly output: Tensor;
  /** `(T, B, H)`. */
  readonly dOutput: Tensor;
  /** `(T, B, H)`. */
  readonly dInput: Tensor;
  /** `(H, H)`. */
  readonly dWeight: Tensor;
  /** `(H)`. */
  readonly dBias: Tensor;
  /** The nonlinearity `f`. */
  readonly activation: Activation;
}

/**
 * Arguments of `ops.gru`. With `⊙` the product by element and σ the logistic
 * sigmoid, over the three parts r, z, n of `input`, `weight` and `bias`:
 *
 *     r_t = σ(x_r + h_{t-1} · W_rᵀ + b_r)            the reset gate
 *     z_t = σ(x_z + h_{t-1} · W_zᵀ + b_z)            the update gate
 *     m_t = h_{t-1} · W_nᵀ + hiddenBias
 *     n_t = tanh(x_n + b_n + r_t ⊙ m_t)              the new state's candidate
 *     h_t = (1 − z_t) ⊙ n_t + z_t ⊙ h_{t-1}
 *
 * The reset gate is applied after the product, as PyTorch and cuDNN have it.
 */
export interface Gru {
  /** `(T, B, 3H)`, the input's share of each gate's sum: r, z, n. */
  readonly input: Tensor;
  /** `(3H, H)`: r, z, n. */
  readonly weight: Tensor;
  /** `(3H)`: r, z, n. */
  readonly bias: Tensor;
  /** `(H)`, within the reset gate's reach. */
  readonly hiddenBias: Tensor;
  /** `(B, H)`. */
  readonly initialState: Tensor;
  /** `(T, B, H)`. */
  readonly output: Tensor;
  /** `(T, B, 4H)`: `r_t`, `z_t`, `n_t` and `m_t`, a result for `gruBackward`. */
  readonly gates: Tensor;
}

/**
 * Arguments of `ops.gruBackward`. With `dh_t` the gradient by `h_t`, from `dOutput_t`
 * and from the step after, and `a` for what σ and tanh were applied to:
 *
 *     da_n = dh_t ⊙ (1 − z_t) ⊙ (1 − n_t²)
 *     da_z = dh_t ⊙ (h_{t-1} − n_t) ⊙ z_t ⊙ (1 − z_t)
 *     dm   = da_n ⊙ r_t
 *     da_r = da_n ⊙ m_t ⊙ r_t ⊙ (1 − r_t)
 *     dh_{t-1} = dh_t ⊙ z_t + da_r · W_r + da_z · W_z + dm · W_n
 *
 * `dInput` is `da_r, da_z, da_n`, `dBias` their sum over steps and batch; `dWeight` is
 * `Σ_t (da_r, da_z, dm)ᵀ · h_{t-1}` and `dHiddenBias` the sum of `dm`.
 */
export interface GruBackward {
  /** `(3H, H)`. */
  readonly weight: Tensor;
  /** `(B, H)`. */
  readonly initialState: Tensor;
  /** `(T, B, H)`, as `gru` left it. */
  readonly output: Tensor;
  /** `(T, B, 4H)`, as `gru` left them. */
  readonly gates: Tensor;
  /** `(T, B, H)`. */
  readonly dOutput: Tensor;
  /** `(T, B, 3H)`. */
  readonly dInput: Tensor;
  /** `(3H, H)`. */
  readonly dWeight: Tensor;
  /** `(3H)`. */
  readonly dBias: Tensor;
  /** `(H)`. */
  readonly dHiddenBias: Tensor;
}

/**
 * Arguments of `ops.lstm`. Over the four parts i, f, g, o of `input`, `weight` and
 * `bias`, `a = x + h_{t-1} · Wᵀ + b`:
 *
 *     i_t = σ(a_i)   f_t = σ(a_f)   g_t = tanh(a_g)   o_t = σ(a_o)
 *     c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t
 *     h_t = o_t ⊙ tanh(c_t)
 */
export interface Lstm {
  /** `(T, B, 4H)`, the input's share of each gate's sum: i, f, g, o. */
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
 * Arguments of `ops.lstmBackward`. With `dh_t` and `dc_t` the gradients by `h_t` and
 * `c_t`, those from the step after included:
 *
 *     dc_t += dh_t ⊙ o_t ⊙ (1 − tanh² c_t)
 *     da_i = dc_t ⊙ g_t ⊙ i_t ⊙ (1 − i_t)       da_g = dc_t ⊙ i_t ⊙ (1 − g_t²)
 *     da_f = dc_t ⊙ c_{t-1} ⊙ f_t ⊙ (1 − f_t)   da_o = dh_t ⊙ tanh c_t ⊙ o_t ⊙ (1 − o_t)
 *     dc_{t-1} = dc_t ⊙ f_t                     dh_{t-1} = da · W
 *
 * `dInput` is `da`, `dWeight` is `Σ_t daᵀ · h_{t-1}`, `dBias` the sum of `da`.
 */
export interface LstmBackward {
  /** `(4H, H)`. */
  readonly weight: Tensor;
  /** `(B, H)`. */
  readonly initialState: Tensor;
  /** `(B, H)`. */
  readonly initialCell: Tensor;
  /** `(T, B, H)`, as `lstm` left it. */
  readonly output: Tensor;
  /** `(T, B, H)`, as `lstm` left them. */
  readonly cells: Tensor;
  /** `(T, B, 4H)`, as `lstm` left them. */
  readonly gates: Tensor;
  /** `(T, B, H)`. */
  readonly dOutput: Tensor;
  /** `(T, B, 4H)`. */
  readonly dInput: Tensor;
  /** `(4H, H)`. */
  readonly dWeight: Tensor;
  /** `(4H)`. */
  readonly dBias: Tensor;
}

/**
 * Arguments of `ops.dropout`. Element i becomes zero where word `i mod 4` of the
 * Philox block `[⌊i/4⌋, ...counter]` under `key` is below `⌊rate · 2³²⌋`; the others are
 * divided by `1 − rate`. The same op on the gradient is its own backward.
 */
export interface Dropout {
  /** Any shape. */
  readonly input: Tensor;
  /** As many elements; may be the input itself. */
  readonly output: Tensor;
  /** Probability that an element is zeroed, from 0 to below 1. */
  readonly rate: number;
  /** Two words of 32 bits. */
  readonly key: readonly [number, number];
  /** Three words of 32 bits. */
  readonly counter: readonly [number, number, number];
}

/** Arguments of `ops.softmaxCrossEntropy`. Targets are below `V`. */
export interface SoftmaxCrossEntropy {
  /** `(T, B, V)`. */
  readonly logits: Tensor;
  /** `(T, B)` u32. */
  readonly targets: Tensor;
  /** `()`, nats per token. */
  readonly loss: Tensor;
  /** `(T, B)`, the cross-entropy of each token. */
  readonly losses?: Tensor;
  /** `(T, B, V)`. */
  readonly dLogits?: Tensor;
}

/** Arguments of `ops.globalNorm`. */
export interface GlobalNorm {
  /** `(P)`. */
  readonly gradients: Tensor;
  /** `()`. */
  readonly norm: Tensor;
}

/** By what rule `ops.update` makes a step of a gradient. */
export type UpdateRule = "sgd" | "momentum" | "adam" | "adamw" | "rmsprop";

/**
 * Arguments of `ops.update`. Gradients are clipped first, by their global norm and
 * then one by one, and weight decay is added (for `adamw` it is
 * `p −= learningRate · weightDecay · p` beforehand instead):
 *
 *     g = clamp(min(1, clipNorm / norm) · gradient, ±clipValue) + weightDecay · p
 *
 *     sgd        p −= learningRate · g
 *     momentum   m = beta1 · m + g                      p −= learningRate · m
 *     rmsprop    v = beta2 · v + (1 − beta2) · g²       p −= learningRate · g / (√v + epsilon)
 *     adam(w)    m = beta1 · m + (1 − beta1) · g,  v = beta2 · v + (1 − beta2) · g²
 *                p −= learningRate / correction1 · m / (√v / √correction2 + epsilon)
 *
 * With a norm that is not finite nothing changes. An element of which the new parameter
 * or a new moment would not be finite, as the tensor's type has it, keeps all its old
 * ones: what was finite stays so. Source: PyTorch's `torch.optim`.
 */
export interface Update {
  /** By what rule. Default `"sgd"`. */
  readonly rule?: UpdateRule;
  /** `(P)`, updated in place. */
  readonly parameters: Tensor;
  /** `(P)`. */
  readonly gradients: Tensor;
  /** `()`, as `globalNorm` left it. */
  readonly norm: Tensor;
  /** `(P)`, `m`, updated in place; for momentum, adam and adamw. */
  readonly firstMoment?: Tensor;
  /** `(P)`, `v`, updated in place; for rmsprop, adam and adamw. */
  readonly secondMoment?: Tensor;
  /** Step size, above 0. */
  readonly learningRate: number;
  /** Greatest norm of all gradients together; 0: any. */
  readonly clipNorm: number;
  /** Greatest absolute value of a gradient; 0: any. Default 0. */
  readonly clipValue?: number;
  /** From 0 on. Default 0. */
  readonly weightDecay?: number;
  /** Decay of the first moment, from 0 to below 1. Default 0. */
  readonly beta1?: number;
  /** Decay of the second moment, from 0 to below 1. Default 0. */
  readonly beta2?: number;
  /** Keeps the divisor from being 0. Default 0. */
  readonly epsilon?: number;
  /** `1 − beta1ᵗ` at the t-th step. Default 1. */
  readonly correction1?: number;
  /** `1 − beta2ᵗ` at the t-th step. Default 1. */
  readonly correction2?: number;
}

/** Arguments of `ops.fill`. */
export interface Fill {
  /** Any shape, f32. */
  readonly tensor: Tensor;
  /** Any number that float32 has. */
  readonly value: number;
}

/** Arguments of `ops.copy`. */
export interface Copy {
  /** Any shape. */
  readonly source: Tensor;
  /** As many elements of the same type. */
  readonly destination: Tensor;
}

/**
 * Arguments of `ops.carry`: where a layer's state goes on from after a minibatch.
 *
 *     destination = source, or 0 where the element or the norm is not finite
 *
 * So a minibatch whose gradient overflowed leaves the zero state behind, and not the
 * one that it began with: that one is at the edge of overflow itself, and a layer
 * without a bound on its state, as relu's, would overflow again from it. No readback
 * is needed: the device decides.
 */
export interface Carry {
  /** Any shape, f32. */
  readonly source: Tensor;
  /** As many elements, f32. */
  readonly destination: Tensor;
  /** `()`, as `globalNorm` left it. */
  readonly norm: Tensor;
}

/**
 * Arguments of `ops.sample`. The logits of a row, `z`, go through these, in order:
 *
 * 1. Ids below `firstId` are left out, here and in all that follows.
 * 2. Where `seen`, `z` is divided by `repetitionPenalty` if above 0, else multiplied.
 * 3. Infinity becomes the greatest number that float32 has, −∞ and NaN the least: so
 *    some id is chosen even of a model whose numbers have overflowed.
 * 4. Without `uniforms` the greatest is chosen, of equals the lowest id. Else:
 * 5. `z` is divided by `temperature`.
 * 6. Of all tokens those are kept that are at least as likely as the `topK`-th.
 * 7. Of these, the likeliest whose probabilities first add up to `topP` or more, and
 *    those as likely as the least of them.
 * 8. The first token, by id, at which the running sum of the kept probabilities
 *    exceeds `uniforms[b]` times their whole is chosen.
 *
 * Source: the usual order of logits processors; Keskar et al. 2019 for 2, Fan et al.
 * 2018 for 6, Holtzman et al. 2020 for 7.
 */
export interface Sample {
  /** `(B, V)`. */
  readonly logits: Tensor;
  /** `(B)` u32. */
  readonly tokens: Tensor;
  /** `(B)`, each from 0 to below 1. */
  readonly uniforms?: Tensor;
  /** The lowest id that may be chosen, below `V`. Default 0. */
  readonly firstId?: number;
  /** Above 0; below 2⁻¹⁰⁰ and above 2¹⁰⁰ as those. Default 1. */
  readonly temperature?: number;
  /** From 0 on; 0, the default, is all, as is any number of `V` or more. */
  readonly topK?: number;
  /** Above 0, up to 1, the default, which is all. */
  readonly topP?: number;
  /** Above 0, with the bounds of the temperature; 1, the default, is none. */
  readonly repetitionPenalty?: number;
  /** `(B, V)` u32: not 0 for what the text holds already. The chosen are set to 1. */
  readonly seen?: Tensor;
  /** `(B)`, a result: `log softmax(logits)` of the chosen token, after 1 alone. */
  readonly logProbabilities?: Tensor;
}
