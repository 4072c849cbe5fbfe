/**
 * The recurrent cells: what the model and its list of parameters know of each.
 *
 * @module
 */

import {
  type Activation,
  ACTIVATIONS,
  type Gru,
  type GruBackward,
  type Lstm,
  type LstmBackward,
  type Ops,
  type Rnn,
  type RnnBackward,
  type Tensor,
} from "../backend/backend.ts";

/** Every cell by its name. */
export const CELL_NAMES = ["rnn", "gru", "lstm"] as const;

/** Name of a cell: vanilla (d2l 8.4), GRU (9.1) or LSTM (9.2). */
export type CellName = typeof CELL_NAMES[number];

/**
 * The tensors of one layer under the names that they have as arguments of the ops.
 * Which of the optional ones there are is the cell's choice.
 */
export interface LayerTensors {
  /** `(G·H, H)`. */
  readonly weight: Tensor;
  /** `(G·H)`. */
  readonly bias: Tensor;
  /** `(H)`. */
  readonly hiddenBias?: Tensor;
  /** `(B, H)`. */
  readonly initialState: Tensor;
  /** `(B, H)`. */
  readonly initialCell?: Tensor;
  /** `(T, B, G·H)`. */
  readonly input: Tensor;
  /** `(T, B, H)`. */
  readonly output: Tensor;
  /** `(T, B, H)`. */
  readonly cells?: Tensor;
  /** `(T, B, 4H)`. */
  readonly gates?: Tensor;
  /** The nonlinearity of the vanilla cell. */
  readonly activation: Activation;
}

/** Those and the gradients. */
export interface LayerGradients extends LayerTensors {
  /** `(T, B, H)`. */
  readonly dOutput: Tensor;
  /** `(T, B, G·H)`. */
  readonly dInput: Tensor;
  /** `(G·H, H)`. */
  readonly dWeight: Tensor;
  /** `(G·H)`. */
  readonly dBias: Tensor;
  /** `(H)`. */
  readonly dHiddenBias?: Tensor;
}

/** A state that is carried from one minibatch to the next, and where it comes from. */
interface Carried {
  /** Its name in PyTorch's terms. */
  readonly name: "h" | "c";
  /** What the first step starts from. */
  readonly initial: "initialState" | "initialCell";
  /** What holds it for every step. */
  readonly steps: "output" | "cells";
}

/** A recurrent cell. */
export interface Cell {
  /** What PyTorch calls it in `torch.nn`; undefined where PyTorch does not have it. */
  readonly torchName?: string;
  /** G: how many times H rows its weights have. */
  readonly gates: number;
  /** The nonlinearities that it can have, the usual one first. */
  readonly activations: readonly Activation[];
  /** Which of the gates, from 0 on, keeps or forgets its state; undefined: none. */
  readonly forgetGate?: number;
  /** Whether it has a bias `(H)` of its own on the side of the state. */
  readonly hiddenBias: boolean;
  readonly carries: readonly Carried[];
  /** Sizes of what `forward` leaves beside `output`, in multiples of H. */
  readonly saves: Readonly<Partial<Record<"cells" | "gates", number>>>;
  forward(ops: Ops, layer: LayerTensors): void;
  backward(ops: Ops, layer: LayerGradients): void;
}

const HIDDEN: Carried = { name: "h", initial: "initialState", steps: "output" };
const CELL: Carried = { name: "c", initial: "initialCell", steps: "cells" };

/** Every cell by its name. */
export const CELLS: Readonly<Record<CellName, Cell>> = {
  rnn: {
    torchName: "RNN",
    gates: 1,
    activations: ACTIVATIONS,
    hiddenBias: false,
    carries: [HIDDEN],
    saves: {},
    forward: (ops, layer) => ops.rnn(layer satisfies Rnn),
    backward: (ops, layer) => ops.rnnBackward(layer satisfies RnnBackward),
  },
  gru: {
    torchName: "GRU",
    gates: 3,
    activations: ["tanh"],
    hiddenBias: true,
    carries: [HIDDEN],
    saves: { gates: 4 },
    forward: (ops, layer) => ops.gru(layer as Gru),
    backward: (ops, layer) => ops.gruBackward(layer as GruBackward),
  },
  lstm: {
    torchName: "LSTM",
    gates: 4, // i, f, g, o
    activations: ["tanh"],
    forgetGate: 1,
    hiddenBias: false,
    carries: [HIDDEN, CELL],
    saves: { cells: 1, gates: 4 },
    forward: (ops, layer) => ops.lstm(layer as Lstm),
    backward: (ops, layer) => ops.lstmBackward(layer as LstmBackward),
  },
};
