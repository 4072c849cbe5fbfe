/**
 * The compiled kernels: which build this engine takes, and what it exports.
 *
 * @module
 */

import { builds } from "../../../kernels/wasm.generated.ts";

/** With or without relaxed SIMD. */
export type Build = keyof typeof builds;

/** What kernels/wasm/index.ts exports, and in what order arguments come: see there. */
export interface Kernels {
  readonly oneHotLinearScratch: (rows: number, O: number, V: number) => number;
  readonly oneHotLinear: (
    ids: number,
    weight: number,
    output: number,
    rows: number,
    O: number,
    V: number,
    scratch: number,
  ) => number;
  readonly oneHotLinearBackwardScratch: (
    rows: number,
    O: number,
    V: number,
  ) => number;
  readonly oneHotLinearBackward: (
    ids: number,
    dOutput: number,
    dWeight: number,
    rows: number,
    O: number,
    V: number,
    scratch: number,
  ) => number;
  readonly embedding: (
    ids: number,
    table: number,
    output: number,
    rows: number,
    V: number,
    E: number,
  ) => number;
  readonly embeddingBackward: (
    ids: number,
    dOutput: number,
    dTable: number,
    rows: number,
    V: number,
    E: number,
  ) => number;
  readonly linearScratch: (rows: number, I: number, O: number) => number;
  readonly linear: (
    input: number,
    weight: number,
    bias: number,
    output: number,
    rows: number,
    I: number,
    O: number,
    scratch: number,
  ) => void;
  readonly linearBackwardScratch: (
    rows: number,
    I: number,
    O: number,
  ) => number;
  readonly linearBackward: (
    input: number,
    weight: number,
    dOutput: number,
    dInput: number,
    dWeight: number,
    dBias: number,
    rows: number,
    I: number,
    O: number,
    scratch: number,
  ) => void;
  readonly rnnScratch: (T: number, B: number, H: number) => number;
  readonly rnn: (
    input: number,
    weight: number,
    bias: number,
    initialState: number,
    output: number,
    T: number,
    B: number,
    H: number,
    activation: number,
    scratch: number,
  ) => void;
  readonly rnnBackwardScratch: (T: number, B: number, H: number) => number;
  readonly rnnBackward: (
    weight: number,
    initialState: number,
    output: number,
    dOutput: number,
    dInput: number,
    dWeight: number,
    dBias: number,
    T: number,
    B: number,
    H: number,
    activation: number,
    scratch: number,
  ) => void;
  readonly gruScratch: (T: number, B: number, H: number) => number;
  readonly gru: (
    input: number,
    weight: number,
    bias: number,
    hiddenBias: number,
    initialState: number,
    output: number,
    gates: number,
    T: number,
    B: number,
    H: number,
    scratch: number,
  ) => void;
  readonly gruBackwardScratch: (T: number, B: number, H: number) => number;
  readonly gruBackward: (
    weight: number,
    initialState: number,
    output: number,
    gates: number,
    dOutput: number,
    dInput: number,
    dWeight: number,
    dBias: number,
    dHiddenBias: number,
    T: number,
    B: number,
    H: number,
    scratch: number,
  ) => void;
  readonly lstmScratch: (T: number, B: number, H: number) => number;
  readonly lstm: (
    input: number,
    weight: number,
    bias: number,
    initialState: number,
    initialCell: number,
    output: number,
    cells: number,
    gates: number,
    T: number,
    B: number,
    H: number,
    scratch: number,
  ) => void;
  readonly lstmBackwardScratch: (T: number, B: number, H: number) => number;
  readonly lstmBackward: (
    weight: number,
    initialState: number,
    initialCell: number,
    output: number,
    cells: number,
    gates: number,
    dOutput: number,
    dInput: number,
    dWeight: number,
    dBias: number,
    T: number,
    B: number,
    H: number,
    scratch: number,
  ) => void;
  readonly dropout: (
    input: number,
    output: number,
    size: number,
    rate: number,
    k0: number,
    k1: number,
    c1: number,
    c2: number,
    c3: number,
  ) => void;
  readonly softmaxCrossEntropyScratch: (rows: number, V: number) => number;
  readonly softmaxCrossEntropy: (
    logits: number,
    targets: number,
    loss: number,
    losses: number,
    dLogits: number,
    rows: number,
    V: number,
    scratch: number,
  ) => number;
  readonly globalNormScratch: (P: number) => number;
  readonly globalNorm: (
    gradients: number,
    norm: number,
    P: number,
    scratch: number,
  ) => void;
  readonly update: (
    parameters: number,
    gradients: number,
    norm: number,
    firstMoment: number,
    secondMoment: number,
    P: number,
    rule: number,
    learningRate: number,
    clipNorm: number,
    clipValue: number,
    weightDecay: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    correction1: number,
    correction2: number,
  ) => void;
  readonly fill: (tensor: number, size: number, value: number) => void;
  readonly carry: (
    source: number,
    destination: number,
    norm: number,
    size: number,
  ) => void;
  readonly copy: (
    source: number,
    destination: number,
    size: number,
  ) => void;
  readonly clear: (tensor: number, size: number) => void;
  readonly sampleScratch: (B: number, V: number) => number;
  readonly sample: (
    logits: number,
    tokens: number,
    uniforms: number,
    seen: number,
    logProbabilities: number,
    B: number,
    V: number,
    firstId: number,
    temperature: number,
    topK: number,
    topP: number,
    repetitionPenalty: number,
    scratch: number,
  ) => void;
  readonly applyFunction: (
    f: number,
    x: number,
    y: number,
    count: number,
  ) => void;
  readonly failInThread: () => void;
  readonly hangInThread: (turns: number) => void;
}

/**
 * A module of one function, which needs relaxed SIMD:
 * `(func (result v128) (f32x4.relaxed_madd (v128.const 0) …))`, three zeros.
 */
const RELAXED_PROBE = [
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // type () -> v128
  ...[0x03, 0x02, 0x01, 0x00], // one function
  ...[0x0a, 0x13, 0x01, 0x11, 0x00], // its body, 17 bytes
  ...[0x41, 0x00, 0xfd, 0x11], // i32.const 0, i32x4.splat
  ...[0x41, 0x00, 0xfd, 0x11],
  ...[0x41, 0x00, 0xfd, 0x11],
  ...[0xfd, 0x85, 0x02, 0x0b], // f32x4.relaxed_madd, end
];

/** The fastest build that this engine takes. */
export function fastestBuild(): Build {
  const relaxed = WebAssembly.validate(new Uint8Array(RELAXED_PROBE));
  return relaxed ? "relaxed" : "plain";
}

/** Compiles a build for a memory that is shared between threads, or is not. */
export function compileKernels(
  build: Build,
  shared: boolean,
): Promise<WebAssembly.Module> {
  const { base64, memoryFlags } = builds[build];
  const bytes = Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
  // The flags of the memory's limits: has a maximum (1), is shared (2).
  if (!shared) bytes[memoryFlags] = 1;
  return WebAssembly.compile(bytes);
}
