/**
 * A minibatch of token ids, and how an epoch is divided into minibatches.
 *
 * @module
 */

import { randomInteger, randomPermutation } from "../random.ts";

/** Every way of sampling by its name. */
export const SAMPLINGS = ["sequential", "random"] as const;

/** `sequential`: each row continues where it ended; `random`: rows start anywhere. */
export type Sampling = typeof SAMPLINGS[number];

/** `B` stretches of `T` tokens, time-major: the id at step t of row b is `[t·B + b]`. */
export interface Minibatch {
  /** Number of rows in a minibatch, B. */
  readonly batchSize: number;
  /** Number of tokens in a row, T. */
  readonly numSteps: number;
  /** Token ids, `(T, B)`. */
  readonly inputs: Uint32Array;
  /** The id of the token that follows each input, `(T, B)`. */
  readonly targets: Uint32Array;
  /** Whether each row continues the same row of the previous minibatch. */
  readonly continues: boolean;
}

/** Where the rows of an epoch's minibatches start in the corpus. */
export interface Starts {
  /** Tokens left out at the beginning, drawn afresh every epoch. */
  readonly offset: number;
  /** Number of minibatches. */
  readonly count: number;
  /** First token of every row of minibatch `index`: `B` places in the corpus. */
  at(index: number): number[];
}

/** Settings shared by both ways of sampling. */
export interface StartsOptions {
  /** Tokens of the corpus. */
  readonly length: number;
  /** Number of rows in a minibatch, B. */
  readonly batchSize: number;
  /** Number of tokens in a row, T. */
  readonly numSteps: number;
  readonly seed: number;
  readonly epoch: number;
  readonly offset?: number;
}

/**
 * Sequential sampling: the corpus from `offset` on is laid out in `B` rows, and
 * the minibatches are the columns, `T` at a time. The offset is drawn from 0 to
 * `T`, both inclusive. Source: d2l 8.3.4.2, `seq_data_iter_sequential`.
 */
export function sequentialStarts(
  { length, batchSize, numSteps, seed, epoch, offset }: StartsOptions,
): Starts {
  offset ??= randomInteger(seed, { stream: "offset", epoch }, 0, numSteps);
  const columns = Math.max(0, Math.floor((length - offset - 1) / batchSize));
  return {
    offset,
    count: Math.floor(columns / numSteps),
    at: (index) =>
      Array.from(
        { length: batchSize },
        (_, row) => offset + row * columns + index * numSteps,
      ),
  };
}

/**
 * Random sampling: the corpus from `offset` on is cut into stretches of `T`, which
 * are shuffled and dealt out `B` at a time. The offset is drawn from 0 to `T − 1`,
 * both inclusive. Source: d2l 8.3.4.1, `seq_data_iter_random`.
 */
export function randomStarts(
  { length, batchSize, numSteps, seed, epoch, offset }: StartsOptions,
): Starts {
  offset ??= randomInteger(seed, { stream: "offset", epoch }, 0, numSteps - 1);
  const stretches = Math.max(0, Math.floor((length - offset - 1) / numSteps));
  const order = randomPermutation(
    seed,
    { stream: "shuffle", epoch },
    stretches,
  );
  return {
    offset,
    count: Math.floor(stretches / batchSize),
    at: (index) =>
      Array.from(
        { length: batchSize },
        (_, row) => offset + order[index * batchSize + row] * numSteps,
      ),
  };
}

/** What the ways of sampling differ in. */
export const SAMPLING_METHODS: Readonly<
  Record<Sampling, {
    /** Where an epoch's rows start. */
    readonly starts: (options: StartsOptions) => Starts;
    /** Whether a row goes on where it ended in the minibatch before. */
    readonly rowsContinue: boolean;
    /** The greatest offset that is drawn, for rows of so many tokens. */
    readonly greatestOffset: (numSteps: number) => number;
  }>
> = {
  sequential: {
    starts: sequentialStarts,
    rowsContinue: true,
    greatestOffset: (T) => T,
  },
  random: {
    starts: randomStarts,
    rowsContinue: false,
    greatestOffset: (T) => T - 1,
  },
};

/** Reads the minibatch whose rows begin at `starts` out of the corpus. */
export function readMinibatch(
  ids: ArrayLike<number>,
  starts: readonly number[], // (B)
  numSteps: number,
  continues: boolean,
): Minibatch {
  const batchSize = starts.length;
  const inputs = new Uint32Array(numSteps * batchSize);
  const targets = new Uint32Array(numSteps * batchSize);
  for (let t = 0; t < numSteps; t++) {
    for (let b = 0; b < batchSize; b++) {
      inputs[t * batchSize + b] = ids[starts[b] + t];
      targets[t * batchSize + b] = ids[starts[b] + t + 1];
    }
  }
  return { batchSize, numSteps, inputs, targets, continues };
}

/** A text as a model reads it that is not in training, cut into minibatches. */
export interface Stretches {
  /** Number of tokens that each row predicts. */
  readonly columns: number;
  /** Number of minibatches. */
  readonly count: number;
  /** Minibatch `index`, counted from 0; the last one may have fewer steps. */
  minibatch(index: number): Minibatch;
}

/**
 * A text as `batchSize` stretches of the same length side by side, from its first token
 * on, `numSteps` at a time. In one stretch every token but the first is predicted; of
 * more, up to `batchSize − 1` at the end are left out.
 */
export function stretchesOf(
  ids: ArrayLike<number>,
  { batchSize, numSteps }: {
    readonly batchSize: number;
    readonly numSteps: number;
  },
): Stretches {
  const columns = Math.max(0, Math.floor((ids.length - 1) / batchSize));
  return {
    columns,
    count: Math.ceil(columns / numSteps),
    minibatch(index) {
      const begin = index * numSteps;
      const steps = Math.min(numSteps, columns - begin);
      const starts = Array.from(
        { length: batchSize },
        (_, row) => row * columns + begin,
      );
      return readMinibatch(ids, starts, steps, index > 0);
    },
  };
}
