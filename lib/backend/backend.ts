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

/** The nonlinearity of a vanilla recurrent layer. */
export type Activation = "tanh" | "relu";

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
  embedding(tensors: Embedding): void;
  /** `dWeight[:, v] = Σ dOutput[t,b,:]` over the places where `ids[t,b] = v`. */
  embeddingBackward(tensors: EmbeddingBackward): void;
  /** `output = input · weightᵀ + bias`. */
  linear(tensors: Linear): void;
  /** `dInput = dOutput · weight`, `dWeight = dOutputᵀ · input`, `dBias = Σ dOutput`. */
  linearBackward(tensors: LinearBackward): void;
  /** `output_t = f(input_t + output_{t-1} · weightᵀ + bias)`, `output_{-1} = initialState`. */
  rnn(tensors: Rnn): void;
  /** Backpropagation through time of `rnn`; `dInput` is the gradient before `f`. */
  rnnBackward(tensors: RnnBackward): void;
  /** Mean cross-entropy of `softmax(logits)` and the gradient of that mean. */
  softmaxCrossEntropy(tensors: SoftmaxCrossEntropy): void;
  /** `norm = √ Σ gradients²`. */
  globalNorm(tensors: GlobalNorm): void;
  /**
   * `parameters −= learningRate · min(1, clipNorm / norm) · gradients`; with
   * `clipNorm = 0` nothing is clipped, with a norm that is not finite nothing changes.
   */
  update(tensors: Update): void;
  /** Every element becomes `value`. */
  fill(tensors: Fill): void;
  /** `destination = source`, of the same number of elements. */
  copy(tensors: Copy): void;
  /** Greedy choice: `tokens[b]` is the lowest id among the greatest of `logits[b,:]`. */
  sample(tensors: Sample): void;
}

/** Arguments of `ops.embedding`. Ids are below `V`. */
export interface Embedding {
  /** `(T, B)` u32. */
  readonly ids: Tensor;
  /** `(O, V)`. */
  readonly weight: Tensor;
  /** `(T, B, O)`. */
  readonly output: Tensor;
}

/** Arguments of `ops.embeddingBackward`. */
export interface EmbeddingBackward {
  /** `(T, B)` u32. */
  readonly ids: Tensor;
  /** `(T, B, O)`. */
  readonly dOutput: Tensor;
  /** `(O, V)`. */
  readonly dWeight: Tensor;
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

/** Arguments of `ops.softmaxCrossEntropy`. Targets are below `V`. */
export interface SoftmaxCrossEntropy {
  /** `(T, B, V)`. */
  readonly logits: Tensor;
  /** `(T, B)` u32. */
  readonly targets: Tensor;
  /** `()`, nats per token. */
  readonly loss: Tensor;
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

/** Arguments of `ops.update`. */
export interface Update {
  /** `(P)`, updated in place. */
  readonly parameters: Tensor;
  /** `(P)`. */
  readonly gradients: Tensor;
  /** `()`, as `globalNorm` left it. */
  readonly norm: Tensor;
  /** Step size, above 0. */
  readonly learningRate: number;
  /** Greatest norm of a step; 0: any. */
  readonly clipNorm: number;
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

/** Arguments of `ops.sample`. */
export interface Sample {
  /** `(B, V)`. */
  readonly logits: Tensor;
  /** `(B)` u32. */
  readonly tokens: Tensor;
}
