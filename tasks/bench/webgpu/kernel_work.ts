/**
 * What each kernel has to do: operations, and the elements that it reads and writes.
 *
 * @module
 */

import type { KernelName } from "../../../lib/backend/webgpu/kernels.ts";

/**
 * Numbers of a dispatch by name: the fields of `dims`, the kernel's constants, the
 * overrides that are set, and its workgroups in x and z, `groupsX` and `groupsZ`.
 */
export type Numbers = Readonly<Record<string, number>>;

/**
 * Elements of a binding, counted from its first: how many, from the first on; or
 * `[from, size]`; or `[from, size, touched]`, where only so many of these are touched.
 */
export type Extent =
  | number
  | readonly [from: number, size: number, touched?: number];

/** Extents by the names of bindings. */
export type Extents = Readonly<Record<string, Extent>>;

/** What a dispatch of a kernel does, as functions of its numbers. */
export interface KernelWork {
  /**
   * Operations on float32 that the equation asks for, whatever a tile computes in
   * vain: two for each product in a sum, one for each other sum, product, quotient,
   * comparison or function such as exp. Those on integers do not count.
   */
  readonly flops: (numbers: Numbers) => number;
  readonly reads: (numbers: Numbers) => Extents;
  readonly writes: (numbers: Numbers) => Extents;
}

/** Elements of time step t of a tensor `(T, B, width)`. */
function step(t: number, { B }: Numbers, width: number): Extent {
  return [t * B * width, B * width];
}

/** The state of the step before: of a tensor of all steps, or the initial one. */
function previous(numbers: Numbers, all: string, initial: string): Extents {
  const { t, B, H, FIRST } = numbers;
  return FIRST ? { [initial]: B * H } : { [all]: step(t - 1, numbers, H) };
}

/** A step forward of a cell of G gates, and of `each` operations for each unit. */
function stepForward(
  G: number,
  each: number,
  reads: (numbers: Numbers) => Extents,
  written: Readonly<Record<string, number>>,
): KernelWork {
  return {
    flops: ({ B, H }) => 2 * B * H * G * H + each * B * H,
    reads: (numbers) => {
      const { t, H } = numbers;
      return {
        input: step(t, numbers, G * H),
        weight: G * H * H,
        bias: G * H,
        ...previous(numbers, "output", "initialState"),
        ...reads(numbers),
      };
    },
    writes: (numbers) =>
      Object.fromEntries(
        Object.entries(written).map(([name, width]) => [
          name,
          step(numbers.t, numbers, width * numbers.H),
        ]),
      ),
  };
}

/**
 * A step backward of a cell of G gates: the step after it gives its gradient by the
 * sums, `after`, which a product brings to the state.
 */
function stepBackward(
  G: number,
  each: number,
  after: string,
  reads: (numbers: Numbers, isLast: boolean) => Extents,
  writes: (numbers: Numbers) => Extents,
): KernelWork {
  const isLast = ({ t, T }: Numbers) => t + 1 === T;
  return {
    flops: (numbers) => {
      const { B, H } = numbers;
      return (isLast(numbers) ? 0 : 2 * B * G * H * H) + each * B * H;
    },
    reads: (numbers) => {
      const { t, H } = numbers;
      return {
        dOutput: step(t, numbers, H),
        ...!isLast(numbers) && {
          weight: G * H * H,
          [after]: step(t + 1, numbers, G * H),
        },
        ...reads(numbers, isLast(numbers)),
      };
    },
    writes: (numbers) => ({
      dInput: step(numbers.t, numbers, G * numbers.H),
      ...writes(numbers),
    }),
  };
}

/** What the steps do that one dispatch takes, from t on or from t down. */
function sequence(ofStep: KernelWork, direction: 1 | -1): KernelWork {
  const each = (numbers: Numbers): Numbers[] => {
    const { t, T, STEPS } = numbers;
    const length = Math.min(STEPS, direction > 0 ? T - t : t + 1);
    const steps = Array.from({ length }, (_, i) => t + direction * i);
    return steps.map((t) => ({ ...numbers, t, FIRST: t === 0 ? 1 : 0 }));
  };
  const together = (extents: readonly Extents[]): Extents => {
    const all: Record<string, [from: number, size: number]> = {};
    for (const [name, extent] of extents.flatMap(Object.entries<Extent>)) {
      const [from, size] = typeof extent === "number" ? [0, extent] : extent;
      const [first, others] = all[name] ?? [from, size];
      const begin = Math.min(from, first);
      all[name] = [begin, Math.max(from + size, first + others) - begin];
    }
    return all;
  };
  return {
    flops: (numbers) =>
      each(numbers).reduce((sum, one) => sum + ofStep.flops(one), 0),
    reads: (numbers) => together(each(numbers).map(ofStep.reads)),
    writes: (numbers) => together(each(numbers).map(ofStep.writes)),
  };
}

/** An update of every parameter by a rule that has these moments. */
function update(each: number, ...moments: string[]): KernelWork {
  const all = (P: number) => moments.map((name) => [name, P] as const);
  return {
    // The clip takes four, the weight decay two, the norm three for each of its parts.
    flops: ({ P, count }) => (6 + each) * P + 3 * count,
    reads: ({ P, count }) => ({
      parameters: P,
      gradients: P,
      partials: 3 * count,
      ...Object.fromEntries(all(P)),
    }),
    writes: ({ P }) => ({
      parameters: P,
      norm: 1,
      ...Object.fromEntries(all(P)),
    }),
  };
}

/** Which of the products are in a dispatch of weight_gradients. */
function partsOf({ firstInputTile, firstHeadTile, tiles }: Numbers) {
  return {
    hasState: firstInputTile > 0,
    hasInput: firstHeadTile > firstInputTile,
    hasHead: tiles > firstHeadTile,
  };
}

/** Moves `size` elements from one binding to another. */
function move(more: Extents = {}): KernelWork {
  return {
    flops: () => 0,
    reads: ({ size }) => ({ source: size, ...more }),
    writes: ({ size }) => ({ destination: size }),
  };
}

/** A step of each recurrent cell, by the name of its kernel. */
const CELL_STEPS = {
  // Two sums and tanh.
  rnn: stepForward(1, 3, () => ({}), { output: 1 }),
  // The sum, and the product by 1 − y².
  rnn_backward: stepBackward(
    1,
    4,
    "dInput",
    (numbers) => ({ output: step(numbers.t, numbers, numbers.H) }),
    () => ({}),
  ),
  // r and z take three each, m one, n and the new state four each.
  gru: stepForward(3, 15, ({ H }) => ({ hiddenBias: H }), {
    output: 1,
    gates: 4,
  }),
  // dh takes two, dn and dz five each, dr four, dm and what is carried one each.
  gru_backward: stepBackward(3, 18, "dSums", (numbers, isLast) => {
    const { t, B, H } = numbers;
    return {
      ...previous(
        { ...numbers, FIRST: t === 0 ? 1 : 0 },
        "output",
        "initialState",
      ),
      gates: step(t, numbers, 4 * H),
      ...!isLast && { carried: B * H },
    };
  }, (numbers) => {
    const { t, B, H } = numbers;
    return { dSums: step(t, numbers, 3 * H), carried: B * H };
  }),
  // The four gates take three each, so does the cell, the new state two.
  lstm: stepForward(
    4,
    17,
    (numbers) => previous(numbers, "cells", "initialCell"),
    { cells: 1, output: 1, gates: 4 },
  ),
  // dh and tanh take one each, dc five, the gates four each, what is carried one.
  lstm_backward: stepBackward(4, 24, "dInput", (numbers, isLast) => {
    const { t, B, H } = numbers;
    return {
      // c at this step, and at the one before.
      cells: [Math.max(0, t - 1) * B * H, (t === 0 ? 1 : 2) * B * H],
      ...t === 0 && { initialCell: B * H },
      gates: step(t, numbers, 4 * H),
      ...!isLast && { carried: B * H },
    };
  }, ({ B, H }) => ({ carried: B * H })),
} as const satisfies Readonly<Record<string, KernelWork>>;

/**
 * By the name of the kernel. One that is not here counts as touching all that it binds,
 * and its operations as unknown.
 */
export const KERNEL_WORK: Readonly<Partial<Record<KernelName, KernelWork>>> = {
  ...CELL_STEPS,
  rnn_sequence: sequence(CELL_STEPS.rnn, 1),
  rnn_backward_sequence: sequence(CELL_STEPS.rnn_backward, -1),
  gru_sequence: sequence(CELL_STEPS.gru, 1),
  gru_backward_sequence: sequence(CELL_STEPS.gru_backward, -1),
  lstm_sequence: sequence(CELL_STEPS.lstm, 1),
  lstm_backward_sequence: sequence(CELL_STEPS.lstm_backward, -1),
  carry: move({ norm: 1 }),
  copy: move(),
  dropout: {
    flops: ({ size }) => size,
    reads: ({ size, IN_PLACE }) => ({ [IN_PLACE ? "output" : "input"]: size }),
    writes: ({ size }) => ({ output: size }),
  },
  embedding: {
    flops: () => 0,
    // A row for each token, wherever it is.
    reads: ({ rows, E }) => ({ ids: rows, table: rows * E }),
    writes: ({ rows, E }) => ({ output: rows * E }),
  },
  embedding_backward: {
    flops: ({ rows, E }) => rows * E,
    reads: ({ rows, E }) => ({ ids: rows, links: 2 * rows, dOutput: rows * E }),
    writes: ({ rows, E }) => ({ dTable: rows * E }),
  },
  embedding_backward_links: {
    flops: () => 0,
    reads: ({ rows }) => ({ ids: rows }),
    writes: ({ rows }) => ({ links: 2 * rows }),
  },
  fill: {
    flops: () => 0,
    reads: () => ({}),
    writes: ({ size }) => ({ tensor: size }),
  },
  finish_adam: update(15, "firstMoment", "secondMoment"),
  finish_momentum: update(4, "firstMoment"),
  finish_partials: {
    flops: ({ P }) => 2 * P,
    reads: ({ P }) => ({ gradients: P }),
    writes: ({ groupsX }) => ({ partials: 3 * groupsX }),
  },
  finish_rmsprop: update(9, "secondMoment"),
  finish_sgd: update(2),
  head: {
    // As linear and head_softmax, and the product back.
    flops: ({ rows, H, V, hasGradient, hasInputGradient }) =>
      rows * (
        2 * H * V + V + V * (hasGradient ? 9 : 4) + 4 +
        (hasInputGradient ? 2 * H * V : 0)
      ),
    reads: ({ rows, H, V, hasWeights }) => ({
      input: rows * H,
      weight: V * H,
      bias: V,
      targets: rows,
      ...hasWeights && { weights: rows + 1 },
    }),
    writes: ({ rows, H, V, hasGradient, hasInputGradient }) => ({
      losses: rows,
      ...hasGradient && { dLogits: rows * V },
      ...hasInputGradient && { dInput: rows * H },
    }),
  },
  head_loss: {
    flops: ({ rows }) => rows,
    reads: ({ rows, hasWeights }) => ({
      losses: rows,
      ...hasWeights && { weights: [rows, 1] },
    }),
    writes: () => ({ loss: 1 }),
  },
  head_softmax: {
    // Of each logit four for the sum, five for the gradient; of each row the loss.
    flops: ({ rows, V, hasGradient }) => rows * (V * (hasGradient ? 9 : 4) + 4),
    reads: ({ rows, V, hasWeights, IN_PLACE }) => ({
      [IN_PLACE ? "dLogits" : "logits"]: rows * V,
      targets: rows,
      ...hasWeights && { weights: rows + 1 },
    }),
    writes: ({ rows, V, hasGradient }) => ({
      losses: rows,
      ...hasGradient && { dLogits: rows * V },
    }),
  },
  head_weights: {
    flops: ({ rows }) => rows,
    reads: ({ rows }) => ({ targetWeights: rows }),
    writes: ({ rows }) => ({ weights: rows + 1 }),
  },
  linear: {
    flops: ({ rows, I, O, hasBias }) =>
      2 * rows * I * O + (hasBias ? rows * O : 0),
    reads: ({ rows, I, O, hasBias }) => ({
      input: rows * I,
      weight: O * I,
      ...hasBias && { bias: O },
    }),
    writes: ({ rows, O }) => ({ output: rows * O }),
  },
  linear_backward: {
    flops: ({ rows, I, O }) => 2 * rows * I * O,
    reads: ({ rows, I, O }) => ({ dOutput: rows * O, weight: O * I }),
    writes: ({ rows, I }) => ({ dInput: rows * I }),
  },
  one_hot_linear: {
    flops: () => 0,
    reads: ({ rows, O, V }) => ({ ids: rows, weight: O * V }),
    writes: ({ rows, O }) => ({ output: rows * O }),
  },
  sample: {
    flops: ({ groupsX, V }) => groupsX * V,
    reads: ({ groupsX, V }) => ({ logits: groupsX * V }),
    writes: ({ groupsX }) => ({ tokens: groupsX }),
  },
  sample_drawn: {
    // Of each logit one comparison; to draw, one in each of sixteen walks and four for
    // its weight and their sums; four for the sum of all exponentials.
    flops: ({ groupsX, V, isDrawn, hasLogProbabilities }) =>
      groupsX * V *
      (1 + (isDrawn ? 20 : 0) + (hasLogProbabilities ? 4 : 0)),
    reads: ({ groupsX, V, isDrawn, hasSeen }) => ({
      logits: groupsX * V,
      ...isDrawn && { uniforms: groupsX },
      ...hasSeen && { seen: groupsX * V },
    }),
    writes: ({ groupsX, V, hasSeen, hasLogProbabilities }) => ({
      tokens: groupsX,
      // One of each row, wherever it is.
      ...hasSeen && { seen: [0, groupsX * V, groupsX] },
      ...hasLogProbabilities && { logProbabilities: groupsX },
    }),
  },
  transpose: {
    flops: () => 0,
    reads: ({ rows, columns }) => ({ weight: rows * columns }),
    writes: ({ rows, columns }) => ({ transposed: rows * columns }),
  },
  weight_gradients: {
    // A token's row is no product: each number is one sum.
    flops: (numbers) => {
      const { rows, I, H, O, V, ONE_HOT } = numbers;
      const { hasState, hasInput, hasHead } = partsOf(numbers);
      const { hasBias, hasHiddenBias, hasHeadBias } = numbers;
      return rows * (
        (hasState ? 2 * O * H : 0) + (hasHiddenBias ? H : 0) +
        (hasInput && I > 0 ? (ONE_HOT ? O : 2 * O * I) : 0) +
        (hasBias ? O : 0) +
        (hasHead ? 2 * V * H : 0) + (hasHeadBias ? V : 0)
      );
    },
    reads: (numbers) => {
      const { rows, B, I, H, O, V, ONE_HOT } = numbers;
      const { hasState, hasInput, hasHead } = partsOf(numbers);
      return {
        ...hasState && { dSums: rows * O, initialState: B * H },
        ...(hasState || hasHead) && { output: rows * H },
        ...hasInput && {
          dInput: rows * O,
          ...(ONE_HOT ? { ids: rows } : { input: rows * I }),
        },
        ...hasHead && { dLogits: rows * V },
      };
    },
    // Of the buffer that has them all, from the first of the results to the last.
    writes: (numbers) => {
      const { I, H, O, V } = numbers;
      const { hasState, hasInput, hasHead } = partsOf(numbers);
      const { hasBias, hasHiddenBias, hasHeadBias } = numbers;
      const results = [
        [hasState, numbers.dWeightAt, O * H],
        [hasHiddenBias, numbers.dHiddenBiasAt, H],
        [hasInput, numbers.dWeightIhAt, O * I],
        [hasBias, numbers.dBiasAt, O],
        [hasHead, numbers.dHeadWeightAt, V * H],
        [hasHeadBias, numbers.dHeadBiasAt, V],
      ].filter(([isThere, , size]) => isThere && size).map(([, ...one]) => one);
      const from = Math.min(...results.map(([at]) => Number(at)));
      const to = Math.max(...results.map(([at, size]) => +at + Number(size)));
      const touched = results.reduce((sum, [, size]) => sum + Number(size), 0);
      return { gradients: [from, to - from, touched] };
    },
  },
};
