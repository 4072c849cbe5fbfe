import { Allocation } from "../backend/allocation.ts";
import type { Backend, Tensor } from "../backend/backend.ts";
import type { ModelConfig } from "../model/config.ts";
import { LanguageModel } from "../model/language_model.ts";
import { randomUniform } from "../random.ts";
import type { TrainedModel } from "../training/checkpoint.ts";
import { turn } from "../training/pace.ts";
import type { GenerateSettings } from "./options.ts";

/** The most tokens of a row between two readbacks. */
export const MOST_STEPS = 256;

/** The most tokens of a prefix that are queued before they are waited for. */
const MOST_QUEUED = 4 * MOST_STEPS;

/** The most tokens of a prefix in one call of the model. */
const MOST_STEPS_AT_ONCE = 64;

/** The most logits that a model has room for because of that, if they are several. */
const MOST_LOGITS = 2 ** 20;

/** The least that logits are divided by: float32 could not hold the quotients of less. */
const LEAST_TEMPERATURE = 1e-6;

/** A model on a device that has read a prefix: chunk by chunk it goes on. */
export class Decoder implements Disposable {
  readonly #backend: Backend;
  readonly #settings: GenerateSettings;
  readonly #vocabularySize: number;
  readonly #resources = new DisposableStack();
  readonly #model: LanguageModel;
  /** The most time steps of one call of the model. */
  readonly #stepsAtOnce: number;
  readonly #tokens: Tensor; // (chunk + 1, 1, B) u32, the first the one to go on from
  readonly #uniforms?: Tensor; // (chunk, B)
  readonly #seen?: Tensor; // (B, V) u32
  readonly #logProbabilities?: Tensor; // (chunk, B)

  /** Feeds the prefix, token ids, to every row. */
  static async open(
    model: TrainedModel,
    prefix: readonly number[],
    backend: Backend,
    settings: GenerateSettings,
  ): Promise<Decoder> {
    using cleanup = new DisposableStack();
    const decoder = cleanup.use(new Decoder(model, prefix, backend, settings));
    await decoder.#read(prefix);
    cleanup.move(); // nothing failed
    return decoder;
  }

  private constructor(
    { config, parameters }: TrainedModel,
    prefix: readonly number[],
    backend: Backend,
    settings: GenerateSettings,
  ) {
    const { count: B, temperature, repetitionPenalty } = settings;
    const { vocabularySize: V } = config;
    this.#backend = backend;
    this.#settings = settings;
    this.#vocabularySize = V;
    using cleanup = new DisposableStack();
    this.#stepsAtOnce = stepsAtOnce(config, B);
    const sizes = { batchSize: B, numSteps: this.#stepsAtOnce };
    this.#model = cleanup.use(new LanguageModel(backend, config, sizes));
    this.#model.write(parameters);
    const allocation = cleanup.use(new Allocation(backend));
    this.#tokens = allocation.tensor([MOST_STEPS + 1, 1, B], "u32");
    if (temperature > 0) {
      this.#uniforms = allocation.tensor([MOST_STEPS, B]);
    }
    if (settings.logProbabilities) {
      this.#logProbabilities = allocation.tensor([MOST_STEPS, B]);
    }
    if (repetitionPenalty !== 1) {
      this.#seen = allocation.tensor([B, V], "u32");
      const seen = new Uint32Array(B * V);
      for (let b = 0; b < B; b++) {
        // <unk> is not among them: a penalty below 1 would make it likelier.
        for (const id of prefix) if (id > 0) seen[b * V + id] = 1;
      }
      backend.write(this.#seen, seen);
    }
    this.#resources.use(cleanup.move()); // nothing failed
  }

  /** Generates `steps` tokens of each row, the first of which is token `done`. */
  async run(done: number, steps: number): Promise<{
    ids: ArrayLike<number>; // (steps, B)
    logProbabilities?: ArrayLike<number>; // (steps, B)
  }> {
    const { ops } = this.#backend;
    const { count: B, temperature, topK, topP, repetitionPenalty } =
      this.#settings;
    if (this.#uniforms) {
      const draws = this.#draws(done, steps);
      this.#backend.write(this.#uniforms.view(0, [steps, B]), draws);
    }
    for (let i = 0; i < steps; i++) {
      ops.sample({
        logits: this.#step(this.#tokens.at(i)).at(0), // (B, V)
        tokens: this.#tokens.at(i + 1).at(0), // (B)
        firstId: Math.min(1, this.#vocabularySize - 1), // never <unk>, 0
        uniforms: this.#uniforms?.at(i), // (B)
        temperature: Math.max(temperature, LEAST_TEMPERATURE),
        topK: Math.min(topK, this.#vocabularySize), // a u32 on a GPU
        topP,
        repetitionPenalty,
        seen: this.#seen,
        logProbabilities: this.#logProbabilities?.at(i), // (B)
      });
    }
    const [ids, logProbabilities] = await Promise.all([
      this.#backend.read(this.#tokens.view(B, [steps, B])),
      this.#logProbabilities &&
      this.#backend.read(this.#logProbabilities.view(0, [steps, B])),
    ]);
    ops.copy({
      source: this.#tokens.at(steps),
      destination: this.#tokens.at(0),
    });
    return { ids, logProbabilities };
  }

  /** Frees every tensor. */
  [Symbol.dispose](): void {
    this.#resources.dispose();
  }

  /**
   * Feeds the prefix, except its last token, to every row, starting from the zero
   * state. It may be of any length: not all of it is queued at once.
   */
  async #read(prefix: readonly number[]): Promise<void> {
    const { count: B } = this.#settings;
    const write = (ids: readonly number[]) =>
      this.#backend.write(
        this.#tokens.view(0, [ids.length, B]),
        ids.flatMap((id) => new Array<number>(B).fill(id)),
      );
    const last = prefix.length - 1;
    for (let begin = 0; begin < last; begin += MOST_STEPS) {
      if (begin > 0 && begin % MOST_QUEUED === 0) {
        await this.#backend.read(this.#tokens.at(0));
        await turn();
      }
      const part = prefix.slice(begin, Math.min(begin + MOST_STEPS, last));
      write(part);
      for (let at = 0; at < part.length; at += this.#stepsAtOnce) {
        const steps = Math.min(this.#stepsAtOnce, part.length - at);
        this.#model.advance(this.#tokens.view(at * B, [steps, B]));
        this.#model.carryState();
      }
    }
    write(prefix.slice(last));
  }

  /** One token on: the state moves, and the logits of what follows are returned. */
  #step(tokens: Tensor): Tensor {
    const logits = this.#model.forward(tokens); // (1, B, V)
    this.#model.carryState();
    return logits;
  }

  /** Uniform numbers `(steps, B)`: each row has its own, whatever the chunks. */
  #draws(done: number, steps: number): Float64Array {
    const { count: B, seed } = this.#settings;
    return Float64Array.from({ length: steps * B }, (_, i) => {
      const item = done + Math.floor(i / B);
      const place = { stream: "sample", item, part: i % B } as const;
      return randomUniform(seed, place, 1)[0];
    });
  }
}

/**
 * How many tokens of a prefix a model reads at once. The product of what a layer gets
 * and its weight may round otherwise with more rows, so that a model that
 * has such a product reads one at a time: a text is to be the same, whatever part of it
 * is the prefix.
 */
function stepsAtOnce(
  { numLayers, embeddingSize = 0, vocabularySize: V }: ModelConfig,
  batchSize: number,
): number {
  if (numLayers > 1 || embeddingSize > 0) return 1;
  const most = Math.floor(MOST_LOGITS / (batchSize * V));
  return Math.max(1, Math.min(MOST_STEPS_AT_ONCE, most));
}
