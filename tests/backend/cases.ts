/**
 * Every op on arguments of many sizes, with how far a result may be off.
 *
 * @module
 */

import type { Finish, Ops, Sample } from "../../lib/backend/ops.ts";
import { randomNormal } from "../../lib/random.ts";
import { OPTIMIZER_NAMES, OPTIMIZERS } from "../../lib/training/optimizer.ts";

/** An argument of an op: `values` go in, `tolerance` marks a result. */
export interface Argument {
  readonly shape: readonly number[];
  readonly dtype?: "f32" | "u32";
  readonly values?: ArrayLike<number>;
  /** Greatest distance to the float64 reference; there for results alone. */
  readonly tolerance?: number;
}

/** A named set of arguments and the op that is called on them. */
export interface Case {
  readonly name: string;
  readonly arguments: Readonly<Record<string, Argument>>;
  /**
   * Numbers around each argument in a larger tensor, which an op must leave alone.
   * Default: `GUARD`.
   */
  readonly guard?: number;
  // deno-lint-ignore no-explicit-any -- the op's own type is checked where it is called
  readonly call: (ops: Ops, tensors: any) => void;
}

/** Such a number that no argument lies at a multiple of anything. */
export const GUARD = 3;

/** Unit roundoff of float32. */
export const U = 2 ** -24;

/**
 * Error of a float32 sum of `n` products of factors that are about normal,
 * with standard deviations whose product is `scale`. The partial sums are random
 * walks that stay below 4·√n·scale, and each of n additions and n products rounds
 * by U of that at the most; rounding errors are of random sign too, but that is
 * not relied on.
 */
function sumTolerance(n: number, scale = 1): number {
  return 2 * n * U * 4 * Math.sqrt(n) * scale;
}

/**
 * Error of T recurrent steps: the recurrent weights below have a spectral radius
 * near 0.5, so that an error of one step adds up to twice itself at the most, times
 * 4 for the direction of greatest gain; tanh itself may be 1e-6 off.
 */
function recurrentTolerance(H: number, scale = 1): number {
  return 8 * (sumTolerance(H + 2, scale * 0.5 / Math.sqrt(H)) + 1e-6 * scale);
}

/**
 * Error of T steps of a gated layer. Each of a step's values comes of up to four sums
 * like a vanilla layer's, seen through slopes of at most 1 (a quarter for the sigmoid)
 * and multiplied by numbers of at most 1, but for the cell, which halves what it
 * was at every step on average and so holds twice the error of one: 4 · 2 in all.
 */
function gatedTolerance(H: number, scale = 1): number {
  return 8 * recurrentTolerance(H, scale);
}

/** `rows` times the parts of `kinds`, each of `H`: logistic, tanh or left alone. */
function gateValues(
  rows: number,
  H: number,
  kinds: readonly ("sigmoid" | "tanh" | "sum")[],
): Float32Array {
  return normal(rows * kinds.length * H, 1, 11).map((x, i) => {
    const kind = kinds[Math.floor(i / H) % kinds.length];
    if (kind === "sum") return x;
    return kind === "tanh" ? Math.tanh(x) : 1 / (1 + Math.exp(-x));
  });
}

/** Numbers that are drawn at the most, a prime: longer arrays repeat them. */
const MOST_DRAWN = 1_048_583;

/** Float32 numbers, about normal, the same in every run. */
export function normal(
  length: number,
  deviation = 1,
  seed = length,
): Float32Array {
  const draws = randomNormal(
    seed,
    { stream: "parameters" },
    Math.min(length, MOST_DRAWN),
  );
  return Float32Array.from(
    { length },
    (_, i) => draws[i % MOST_DRAWN] * deviation,
  );
}

/** Token ids below V that reach both ends and leave gaps. */
function tokenIds(length: number, V: number): Uint32Array {
  return Uint32Array.from({ length }, (_, i) => (i * i * 7 + V - 1) % V);
}

/** Dimensions all different, then each at 1, then beyond the usual tiles. */
const SIZES = [
  { T: 5, B: 3, H: 37, V: 11 },
  { T: 1, B: 3, H: 18, V: 7 },
  { T: 6, B: 1, H: 35, V: 28 },
  { T: 1, B: 1, H: 66, V: 2 },
  { T: 4, B: 2, H: 1, V: 3 },
  { T: 3, B: 33, H: 131, V: 65 },
  { T: 35, B: 32, H: 64, V: 28 },
  { T: 2, B: 5, H: 17, V: 300 },
  { T: 2, B: 16, H: 512, V: 28 },
  { T: 3, B: 7, H: 257, V: 28 },
] as const;

/** What the cases of a recurrent layer go by. */
interface Sizes {
  readonly T: number;
  readonly B: number;
  readonly H: number;
}

/** All of them, the same in every run. */
export function cases(): Case[] {
  const all: Case[] = [];
  for (const { T, B, H, V } of SIZES) {
    const size = `T ${T}, B ${B}, H ${H}, V ${V}`;
    const ids = { shape: [T, B], dtype: "u32", values: tokenIds(T * B, V) };
    const hidden = normal(T * B * H, 1, 1);
    const rows = T * B;
    all.push({
      name: `oneHotLinear: ${size}`,
      arguments: {
        ids: ids as Argument,
        weight: { shape: [H, V], values: normal(H * V) },
        output: { shape: [T, B, H], tolerance: 0 },
      },
      call: (ops, tensors) => ops.oneHotLinear(tensors),
    });
    all.push({
      name: `embedding: ${size}`,
      arguments: {
        ids: ids as Argument,
        table: { shape: [V, H], values: normal(V * H) },
        output: { shape: [T, B, H], tolerance: 0 },
      },
      call: (ops, tensors) => ops.embedding(tensors),
    }, {
      name: `embeddingBackward: ${size}`,
      arguments: {
        ids: ids as Argument,
        dOutput: { shape: [T, B, H], values: hidden },
        dTable: { shape: [V, H], tolerance: sumTolerance(rows) },
      },
      call: (ops, tensors) => ops.embeddingBackward(tensors),
    });
    for (const bias of [true, false]) {
      all.push({
        name: `linear ${bias ? "with" : "without"} bias: ${size}`,
        arguments: {
          input: { shape: [T, B, H], values: hidden },
          weight: { shape: [V, H], values: normal(V * H) },
          ...(bias && { bias: { shape: [V], values: normal(V) } }),
          output: { shape: [T, B, V], tolerance: sumTolerance(H + 1) },
        },
        call: (ops, tensors) => ops.linear(tensors),
      });
    }
    all.push({
      name: `linearBackward: ${size}`,
      arguments: {
        weight: { shape: [V, H], values: normal(V * H) },
        dOutput: { shape: [T, B, V], values: normal(rows * V, 1, 2) },
        dInput: { shape: [T, B, H], tolerance: sumTolerance(V) },
      },
      call: (ops, tensors) => ops.linearBackward(tensors),
    });
    all.push(...recurrentCases({ T, B, H }));
    all.push(...headCases({ T, B, H, V }));
    all.push(...weightGradientsCases({ T, B, H, V }));
    all.push(...sampleCases(B, V, size));
  }
  for (const P of [1, 63, 64, 65, 1000, 4097, 70_000]) {
    all.push(...finishCases(P));
    for (const rate of [0, 0.3, 0.9]) {
      all.push({
        name: `dropout: P ${P}, rate ${rate}`,
        arguments: {
          input: { shape: [P], values: normal(P, 1, 7) },
          // One product with a rounded factor, of numbers below 8 / (1 − rate).
          output: { shape: [P], tolerance: 2 * U * 8 / (1 - rate) },
        },
        call: (ops, tensors) =>
          ops.dropout({
            ...tensors,
            rate,
            key: [0xdeadbeef, 7],
            counter: [3, 0xffffffff, 1],
          }),
      });
    }
    all.push({
      name: `fill: P ${P}`,
      arguments: { tensor: { shape: [P], tolerance: 0 } },
      call: (ops, tensors) => ops.fill({ ...tensors, value: -2.5 }),
    }, {
      name: `copy: P ${P}`,
      arguments: {
        source: { shape: [P], values: normal(P) },
        destination: { shape: [P], tolerance: 0 },
      },
      call: (ops, tensors) => ops.copy(tensors),
    }, {
      name: `carry: P ${P}`,
      arguments: {
        source: { shape: [P], values: normal(P) },
        norm: { shape: [], values: [2 ** 127] },
        destination: { shape: [P], tolerance: 0 },
      },
      call: (ops, tensors) => ops.carry(tensors),
    }, {
      name: `copy of token ids: P ${P}`,
      arguments: {
        source: {
          shape: [P],
          dtype: "u32",
          values: tokenIds(P, 4_000_000_000),
        },
        destination: { shape: [P], dtype: "u32", tolerance: 0 },
      },
      call: (ops, tensors) => ops.copy(tensors),
    });
  }
  all.push(...extremeNormCases());
  return all;
}

/** Norms of numbers whose squares float32 has no room for, and of such beside others. */
function extremeNormCases(): Case[] {
  const exponents = [[63], [-100], [120, 63], [47, -50], [-30, -100]];
  return [1, 1000, 70_000].flatMap((P) =>
    exponents.map((powers) => {
      const values = normal(P).map((x, i) =>
        x * 2 ** powers[i % powers.length]
      );
      const greatest = values.reduce(
        (most, x) => Math.max(most, Math.abs(x)),
        0,
      );
      // P positive terms round by U·P/2 of the whole at the most, which the root
      // halves; the norm is below √P times the greatest.
      const tolerance = U * (P / 2 + 8) * Math.sqrt(P) * greatest;
      return {
        name: `finish: P ${P}, of about 2 to the ${powers.join(" or ")}`,
        arguments: {
          parameters: { shape: [P], values: normal(P, 1, 8), tolerance: 0 },
          gradients: { shape: [P], values },
          norm: { shape: [], tolerance },
        },
        call: (ops: Ops, tensors: Finish) =>
          ops.finish({ ...tensors, learningRate: 0, clipNorm: 0 }),
      };
    })
  );
}

/** The last layer and its loss: with all results, and with some. */
function headCases(
  { T, B, H, V }: Sizes & { readonly V: number },
): Case[] {
  const size = `T ${T}, B ${B}, H ${H}, V ${V}`;
  const rows = T * B;
  // Logits of about 3, losses below 32.
  const scale = 3 / Math.sqrt(H);
  const layer = {
    input: { shape: [T, B, H], values: normal(rows * H, 1, 1) },
    weight: { shape: [V, H], values: normal(V * H, scale) },
    bias: { shape: [V], values: normal(V) },
  };
  const targets = {
    shape: [T, B],
    dtype: "u32",
    values: tokenIds(rows, V),
  } as const;
  const logit = sumTolerance(H + 1, scale);
  const logits = { shape: [T, B, V], tolerance: logit };
  // A loss moves by twice what its logits do; the sum over V rounds, and its logarithm.
  const oneLoss = 2 * logit + U * 32 * (V + 8);
  // Of a probability below 1: as above, and exp within a few of U.
  const oneGradient = 2 * logit + U * (V + 32);
  const results = (greatestWeight: number, whole: number) => {
    const part = greatestWeight / whole;
    return {
      // A mean of the losses, of `rows` terms below 32.
      loss: { shape: [], tolerance: oneLoss + 2 * U * 32 * rows },
      losses: { shape: [T, B], tolerance: greatestWeight * oneLoss },
      dLogits: { shape: [T, B, V], tolerance: part * oneGradient },
      // A sum over V of such gradients, the greatest about 1, times weights below 5.
      dInput: {
        shape: [T, B, H],
        tolerance: part * 5 * scale * V * (oneGradient + 2 * U * V),
      },
    };
  };
  const { loss, losses, dLogits, dInput } = results(1, rows);
  const named: [string, Case["arguments"]][] = [
    ["the loss alone", { targets, loss }],
    ["the losses alone", { targets, losses }],
    ["the logits alone", { logits }],
    ["the logits and losses", { targets, logits, losses }],
    ["the gradient of the logits", { targets, loss, dLogits }],
    ["what training takes", { targets, loss, dLogits, dInput }],
    ["all", { targets, logits, loss, losses, dLogits, dInput }],
  ];
  const [one] = weightsLike(1);
  const weighted: [string, number[]][] = [
    ["weights", weightsLike(rows)],
    ["weights that are all 1", new Array(rows).fill(1)],
    ["weights that are all 0", new Array(rows).fill(0)],
    ["one weight that is not 0", [one, ...new Array(rows - 1).fill(0)]],
  ];
  for (const [what, values] of weighted) {
    const whole = values.reduce((sum, w) => sum + w, 0);
    const all = results(2, whole || 1);
    const targetWeights = { shape: [T, B], values };
    named.push(
      [`${what}`, { targets, targetWeights, ...all }],
      [`${what}, and logits`, { targets, targetWeights, logits, ...all }],
    );
  }
  return named.map(([what, given]) => ({
    name: `head with ${what}: ${size}`,
    arguments: { ...layer, ...given },
    call: (ops, tensors) => ops.head(tensors),
  }));
}

/** Every cell's, of one-hot rows and of others, with a head and without. */
function weightGradientsCases(
  { T, B, H, V }: Sizes & { readonly V: number },
): Case[] {
  const size = `T ${T}, B ${B}, H ${H}, V ${V}`;
  const rows = T * B;
  const tolerance = sumTolerance(rows);
  const random = (seed: number, ...shape: number[]) => ({
    shape,
    values: normal(shape.reduce((a, b) => a * b, 1), 1, seed),
  });
  const result = (...shape: number[]) => ({ shape, tolerance });
  const ids = {
    shape: [T, B],
    dtype: "u32",
    values: tokenIds(rows, V),
  } as const;
  const state = {
    initialState: random(1, B, H),
    output: random(2, T, B, H),
  };
  const head = {
    dLogits: random(3, T, B, V),
    dHeadWeight: result(V, H),
    dHeadBias: result(V),
  };
  const I = H + 3;
  const cases: [string, Case["arguments"]][] = [1, 3, 4].flatMap((G) => {
    const layer = {
      ...state,
      dInput: random(4, T, B, G * H),
      dWeight: result(G * H, H),
      dBias: result(G * H),
      ...(G === 3 && {
        dSums: random(5, T, B, G * H),
        dHiddenBias: result(H),
      }),
    };
    const oneHot = { ids, dWeightIh: result(G * H, V) };
    const dense = { input: random(6, T, B, I), dWeightIh: result(G * H, I) };
    return [
      [`${G} gates and tokens`, { ...layer, ...oneHot }],
      [`${G} gates, tokens and a head`, { ...layer, ...oneHot, ...head }],
      [`${G} gates and numbers`, { ...layer, ...dense }],
      [`${G} gates, numbers and a head`, { ...layer, ...dense, ...head }],
    ];
  });
  const dInput = random(4, T, B, H);
  cases.push(
    ["tokens alone", { dInput, ids, dWeightIh: result(H, V) }],
    ["a bias alone", { dInput, dBias: result(H) }],
    ["a state alone", { dInput, ...state, dWeight: result(H, H) }],
    ["a head alone", { dInput, output: state.output, ...head }],
    ["nothing", { dInput }],
  );
  return cases.map(([what, given]) => ({
    name: `weightGradients of ${what}: ${size}`,
    arguments: given,
    call: (ops, tensors) => ops.weightGradients(tensors),
  }));
}

/** Weights of targets, some of them 0. */
function weightsLike(rows: number): number[] {
  return Array.from({ length: rows }, (_, i) => [2, 0.5, 0, 1][i % 4]);
}

/** rnn and its backward with either activation, gru, lstm and their backwards. */
export function recurrentCases({ T, B, H }: Sizes): Case[] {
  const size = `T ${T}, B ${B}, H ${H}`;
  const rows = T * B;
  const hidden = normal(rows * H, 1, 1);
  const all: Case[] = [];
  for (const activation of ["tanh", "relu"] as const) {
    const recurrent = {
      weight: { shape: [H, H], values: normal(H * H, 0.5 / Math.sqrt(H), 3) },
      initialState: { shape: [B, H], values: normal(B * H, 0.5, 4) },
    };
    // relu has no bound on its states; 8 is beyond what these weights reach.
    const scale = activation === "tanh" ? 1 : 8;
    all.push({
      name: `rnn, ${activation}: ${size}`,
      arguments: {
        input: { shape: [T, B, H], values: hidden },
        ...recurrent,
        bias: { shape: [H], values: normal(H, 0.3, 5) },
        output: {
          shape: [T, B, H],
          tolerance: recurrentTolerance(H, scale),
        },
      },
      call: (ops, tensors) => ops.rnn({ ...tensors, activation }),
    }, {
      name: `rnnBackward, ${activation}: ${size}`,
      arguments: {
        weight: recurrent.weight,
        // Any numbers from −1 to 1 do for states; relu's gradient needs both signs.
        output: {
          shape: [T, B, H],
          values: hidden.map((x) => Math.tanh(x)),
        },
        dOutput: { shape: [T, B, H], values: normal(rows * H, 1, 6) },
        dInput: { shape: [T, B, H], tolerance: recurrentTolerance(H, 2) },
      },
      call: (ops, tensors) => ops.rnnBackward({ ...tensors, activation }),
    });
  }
  all.push(...gatedCases(T, B, H, size));
  return all;
}

/** gru, lstm and their backwards. */
function gatedCases(T: number, B: number, H: number, size: string): Case[] {
  const rows = T * B;
  const layer = (G: number) => ({
    weight: {
      shape: [G * H, H],
      values: normal(G * H * H, 0.5 / Math.sqrt(H), 3),
    },
    initialState: { shape: [B, H], values: normal(B * H, 0.5, 4) },
  });
  const input = (G: number) => ({
    input: { shape: [T, B, G * H], values: normal(rows * G * H, 1, 1) },
    bias: { shape: [G * H], values: normal(G * H, 0.3, 5) },
  });
  const initialCell = { shape: [B, H], values: normal(B * H, 1, 12) };
  const output = {
    shape: [T, B, H],
    values: normal(rows * H, 1, 1).map((x) => Math.tanh(x)),
  };
  const dOutput = { shape: [T, B, H], values: normal(rows * H, 1, 6) };
  const state = { shape: [T, B, H], tolerance: gatedTolerance(H) };
  const gates = { shape: [T, B, 4 * H], tolerance: gatedTolerance(H) };
  return [{
    name: `gru: ${size}`,
    arguments: {
      ...input(3),
      ...layer(3),
      hiddenBias: { shape: [H], values: normal(H, 0.3, 13) },
      output: state,
      gates,
    },
    call: (ops, tensors) => ops.gru(tensors),
  }, {
    name: `gruBackward: ${size}`,
    arguments: {
      ...layer(3),
      output,
      gates: {
        shape: [T, B, 4 * H],
        values: gateValues(rows, H, ["sigmoid", "sigmoid", "tanh", "sum"]),
      },
      dOutput,
      dInput: { shape: [T, B, 3 * H], tolerance: gatedTolerance(H, 2) },
      dSums: { shape: [T, B, 3 * H], tolerance: gatedTolerance(H, 2) },
    },
    call: (ops, tensors) => ops.gruBackward(tensors),
  }, {
    name: `lstm: ${size}`,
    arguments: {
      ...input(4),
      ...layer(4),
      initialCell,
      output: state,
      cells: state,
      gates,
    },
    call: (ops, tensors) => ops.lstm(tensors),
  }, {
    name: `lstmBackward: ${size}`,
    arguments: {
      weight: layer(4).weight,
      initialCell,
      cells: { shape: [T, B, H], values: normal(rows * H, 1, 14) },
      gates: {
        shape: [T, B, 4 * H],
        values: gateValues(rows, H, ["sigmoid", "sigmoid", "tanh", "sigmoid"]),
      },
      dOutput,
      dInput: { shape: [T, B, 4 * H], tolerance: gatedTolerance(H, 2) },
    },
    call: (ops, tensors) => ops.lstmBackward(tensors),
  }];
}

/** Every rule, each clip alone and both together. */
function finishCases(P: number): Case[] {
  const length = Math.sqrt(P); // about the norm
  const positive = (seed: number) =>
    normal(P, 1, seed).map((x) => x * x + 0.01);
  const clips = [
    { clipNorm: 0, clipValue: 0, weightDecay: 0 },
    { clipNorm: 1, clipValue: 0, weightDecay: 0 },
    { clipNorm: 1e6, clipValue: 0.5, weightDecay: 0.1 },
    { clipNorm: length / 2, clipValue: 0.25, weightDecay: 0.1 },
  ];
  // Every number below is a few roundings of numbers below 16; a division by the
  // root of 0.01 or more makes that ten times as much.
  const tolerance = 16 * U * 16;
  // P positive terms round by U·P/2 at the most on the way up to P, which the root
  // halves. A gradient that is clipped to half of it is off by as much of its own, 4.
  const ofNorm = U * (P / 2 + 4);
  return OPTIMIZER_NAMES.flatMap((rule) =>
    clips.map((clip) => ({
      name: `finish: P ${P}, ${rule}, ${JSON.stringify(clip)}`,
      arguments: {
        parameters: { shape: [P], values: normal(P, 1, 8), tolerance },
        gradients: { shape: [P], values: normal(P, 1, 9) },
        norm: { shape: [], tolerance: ofNorm * length },
        ...(OPTIMIZERS[rule].first && {
          firstMoment: { shape: [P], values: normal(P, 1, 15), tolerance },
        }),
        ...(OPTIMIZERS[rule].second && {
          secondMoment: { shape: [P], values: positive(16), tolerance },
        }),
      },
      call: (ops, tensors) =>
        ops.finish({
          ...tensors,
          ...clip,
          rule,
          learningRate: 0.5,
          beta1: 0.9,
          beta2: 0.95,
          epsilon: 1e-8,
          correction1: 1 - 0.9 ** 3,
          correction2: 1 - 0.95 ** 3,
        }),
    }))
  );
}

/** Greedily and drawn. A draw within rounding of a border would be chance: none is. */
function sampleCases(B: number, V: number, size: string): Case[] {
  const logits = { shape: [B, V], values: normal(B * V, 2) };
  const tokens = { shape: [B], dtype: "u32", tolerance: 0 } as const;
  const uniforms = {
    shape: [B],
    values: Float32Array.from({ length: B }, (_, b) => (b * 0.37 + 0.29) % 1),
  };
  const seen = {
    shape: [B, V],
    dtype: "u32",
    values: tokenIds(B * V, 3).map((x) => x > 0 ? 1 : 0),
    tolerance: 0,
  } as const;
  // A sum of V terms below 1, its logarithm, and a difference of logits below 16.
  const logProbabilities = { shape: [B], tolerance: U * (V + 64) };
  const drawn: [string, Record<string, number>][] = [
    ["from all", { temperature: 1 }],
    ["at a low temperature", { temperature: 0.3 }],
    ["at a high temperature", { temperature: 2.5 }],
    ["from the top 1", { temperature: 1, topK: 1 }],
    ["from the top 3", { temperature: 1.5, topK: 3 }],
    ["from more than there are", { temperature: 1, topK: V + 5 }],
    ["from a small nucleus", { temperature: 1, topP: 0.2 }],
    ["from a nucleus", { temperature: 1.5, topP: 0.9 }],
    ["from the nucleus of the top", { temperature: 2, topK: 9, topP: 0.7 }],
  ];
  return [
    {
      name: `sample greedily: ${size}`,
      arguments: { logits, tokens },
      call: (ops, tensors) => ops.sample(tensors),
    },
    {
      name: `sample greedily what was not there yet: ${size}`,
      arguments: { logits, tokens, seen, logProbabilities },
      call: (ops, tensors) => ops.sample({ ...tensors, repetitionPenalty: 2 }),
    },
    ...drawn.map(([what, settings]) => ({
      name: `sample ${what}: ${size}`,
      arguments: { logits, tokens, uniforms, logProbabilities },
      call: (ops: Ops, tensors: Sample) =>
        ops.sample({ ...tensors, ...settings }),
    })),
    {
      name: `sample with all there is: ${size}`,
      arguments: { logits, tokens, uniforms, seen, logProbabilities },
      call: (ops, tensors) =>
        ops.sample({
          ...tensors,
          temperature: 0.8,
          topK: 40,
          topP: 0.95,
          repetitionPenalty: 1.3,
        }),
    },
    {
      name: `sample greedily but for the first: ${size}`,
      arguments: { logits, tokens },
      call: (ops, tensors) => ops.sample({ ...tensors, firstId: 1 }),
    },
    {
      name: `sample with all there is of the latter half: ${size}`,
      arguments: { logits, tokens, uniforms, seen, logProbabilities },
      call: (ops, tensors) =>
        ops.sample({
          ...tensors,
          temperature: 0.8,
          topK: 5,
          topP: 0.95,
          repetitionPenalty: 1.3,
          firstId: V >> 1,
        }),
    },
  ];
}
