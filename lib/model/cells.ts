/**
 * The recurrent cells: what the model and its list of parameters need to know about
 * each.
 *
 * @module
 */

import type { Tensor } from "../backend/backend.ts";
import { type Activation, ACTIVATIONS, type Ops } from "../backend/ops.ts";

/** Every cell by its name. */
export const CELL_NAMES = ["rnn", "gru", "lstm"] as const;

/** Name of a cell: vanilla (d2l 8.4), GRU (9.1) or LSTM (9.2). */
export type CellName = typeof CELL_NAMES[number];

/** Name of a state in PyTorch's terms: the hidden state, and an LSTM's cell state. */
export type StateName = "h" | "c";

/** Arguments that the forward ops of all cells have in common. */
export interface LayerTensors {
  /** `(G·H, H)`. */
  readonly weight: Tensor;
  /** `(G·H)`. */
  readonly bias: Tensor;
  /** `(B, H)`. */
  readonly initialState: Tensor;
  /** `(T, B, G·H)`. */
  readonly input: Tensor;
  /** `(T, B, H)`. */
  readonly output: Tensor;
  /** The nonlinearity of the vanilla cell. */
  readonly activation: Activation;
}

/** Additional arguments that the backward ops of all cells have in common. */
export interface LayerGradients {
  /** `(T, B, H)`. */
  readonly dOutput: Tensor;
  /** `(T, B, G·H)`. */
  readonly dInput: Tensor;
}

/** What the gradients of a layer's weights take and give for some cells alone. */
export interface CellWeightGradients {
  /** `(T, B, G·H)`, the gradient by the state's share of the sums. */
  readonly dSums?: Tensor;
  /** `(H)`, of the bias on the side of the state. */
  readonly dHiddenBias?: Tensor;
}

/** Where a cell gets the tensors of a layer's forward. */
export interface ForwardSource {
  /** Those that every cell has. */
  readonly tensors: LayerTensors;
  /** The parameter `rnn.NAME_lK` of layer K. */
  readonly parameter: (name: string) => Tensor;
  /** What the first time step starts from, `(B, H)`. */
  readonly initial: (state: StateName) => Tensor;
  /** A tensor `(T, B, width·H)` that forward leaves for backward. */
  readonly saved: (name: string, width: number) => Tensor;
}

/** Where it gets those of its backward. */
export interface BackwardSource {
  /** Those that every cell has. */
  readonly gradients: LayerGradients;
  /** The gradient of the parameter `rnn.NAME_lK` of layer K. */
  readonly gradient: (name: string) => Tensor;
  /** A tensor `(T, B, width·H)` that backward leaves for the weights' gradients. */
  readonly left: (name: string, width: number) => Tensor;
}

/** A layer with its tensors: what the model runs. */
export interface Layer {
  /** Each state of the cell: where it starts, `(B, H)`, and after each time step, `(T, B, H)`. */
  readonly carries: readonly {
    readonly initial: Tensor;
    readonly steps: Tensor;
  }[];
  /** Runs the layer over the whole sequence. */
  readonly forward: (ops: Ops) => void;
  /** Backpropagation through it; undefined where the model holds no gradients. */
  readonly backward?: (ops: Ops) => void;
  /** What its weights' gradients take beside what every layer's do. */
  readonly weightGradients?: CellWeightGradients;
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
  /** What it carries from one minibatch to the next. */
  readonly states: readonly StateName[];
  /** Puts a layer together; without the second argument it has no backward. */
  layer(forward: ForwardSource, backward?: BackwardSource): Layer;
}

/** Every cell by its name. */
export const CELLS: Readonly<Record<CellName, Cell>> = {
  rnn: {
    torchName: "RNN",
    gates: 1,
    activations: ACTIVATIONS,
    hiddenBias: false,
    states: ["h"],
    layer: ({ tensors: rnn }, source) => {
      const backward = source && { ...rnn, ...source.gradients };
      return {
        carries: [{ initial: rnn.initialState, steps: rnn.output }],
        forward: (ops) => ops.rnn(rnn),
        backward: backward && ((ops) => ops.rnnBackward(backward)),
      };
    },
  },
  gru: {
    torchName: "GRU",
    gates: 3,
    activations: ["tanh"],
    hiddenBias: true,
    states: ["h"],
    layer: ({ tensors, parameter, saved }, source) => {
      const gru = {
        ...tensors,
        hiddenBias: parameter("bias_hh"),
        gates: saved("gates", 4),
      };
      const backward = source && {
        ...gru,
        ...source.gradients,
        dSums: source.left("gradient of sums", 3),
      };
      return {
        carries: [{ initial: gru.initialState, steps: gru.output }],
        forward: (ops) => ops.gru(gru),
        backward: backward && ((ops) => ops.gruBackward(backward)),
        weightGradients: backward && {
          dSums: backward.dSums,
          dHiddenBias: source.gradient("bias_hh"),
        },
      };
    },
  },
  lstm: {
    torchName: "LSTM",
    gates: 4, // i, f, g, o
    activations: ["tanh"],
    forgetGate: 1,
    hiddenBias: false,
    states: ["h", "c"],
    layer: ({ tensors, initial, saved }, source) => {
      const lstm = {
        ...tensors,
        initialCell: initial("c"),
        cells: saved("cells", 1),
        gates: saved("gates", 4),
      };
      const backward = source && { ...lstm, ...source.gradients };
      return {
        carries: [
          { initial: lstm.initialState, steps: lstm.output },
          { initial: lstm.initialCell, steps: lstm.cells },
        ],
        forward: (ops) => ops.lstm(lstm),
        backward: backward && ((ops) => ops.lstmBackward(backward)),
      };
    },
  },
};
