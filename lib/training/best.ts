/**
 * The best model of a training.
 *
 * @module
 */

import type { Backend, Tensor } from "../backend/backend.ts";
import { sizeOf } from "../backend/shapes.ts";
import { Snapshot } from "./snapshot.ts";

/** The best epoch so far. */
export interface Best {
  /** The epoch, counted from 1. */
  readonly epoch: number;
  /** Its loss, in nats per token; always finite. */
  readonly loss: number;
}

/** Whether a loss is better than the best before it: NaN and infinity never are. */
export function isBetter(loss: number, best: Best | undefined): boolean {
  return Number.isFinite(loss) && (best === undefined || loss < best.loss);
}

/** Most epochs that may end before their losses are known. */
const MOST_ENDS = 8;

/** Most bytes of all copies on the device together. */
const MOST_BYTES = 64 * 2 ** 20;

/**
 * Holds the best model, together with what `Moment` says of it, until it is asked
 * for: on its device, so that nothing is read back before; a large one, of which the
 * device may have no room for another, in memory.
 *
 * Losses are known only once a chunk of minibatches is read back, and a chunk may go
 * on behind the end of an epoch. So the model is copied at each end, and when the
 * losses are there the best of the copies is kept.
 */
export class BestModel<Moment, Model> implements Disposable {
  /** How many epochs may end in a chunk, the chunk's last minibatch left out. */
  readonly capacity: number;
  readonly #backend: Backend;
  readonly #sources: readonly Tensor[];
  readonly #read: (
    moment: Moment,
    tensors: readonly Tensor[],
  ) => Promise<Model>;
  readonly #ends: Snapshot[] = [];
  #best?: Snapshot;
  /** The best model, until it has been taken. */
  #kept?: () => Promise<Model>;

  /**
   * @param sources The tensors of the model in training, each of f32.
   * @param read Reads the model back from them, or from copies of them.
   */
  constructor(
    backend: Backend,
    sources: readonly Tensor[],
    read: (moment: Moment, tensors: readonly Tensor[]) => Promise<Model>,
  ) {
    this.#backend = backend;
    this.#sources = sources;
    this.#read = read;
    const bytes = 4 *
      sources.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    const copies = Math.floor(MOST_BYTES / bytes);
    this.capacity = Math.max(0, Math.min(MOST_ENDS, copies - 1));
    if (copies > 0) this.#best = this.#make();
  }

  /** Copies the model at the end of an epoch: the chunk's `index`-th, from 0 on. */
  copyEnd(index: number): void {
    const end = this.#ends[index] ??= this.#make();
    end.take(this.#sources);
  }

  /**
   * Keeps a model as the best.
   *
   * @param index Which copy it is; without it, the model as it is now.
   */
  async keep(moment: Moment, index?: number): Promise<void> {
    const tensors = index === undefined
      ? this.#sources
      : this.#ends[index].tensors;
    const best = this.#best;
    if (best) {
      best.take(tensors);
      this.#kept = () => this.#read(moment, best.tensors);
    } else {
      const model = await this.#read(moment, tensors);
      this.#kept = () => Promise.resolve(model);
    }
  }

  /** The best model, once. */
  async take(): Promise<Model | undefined> {
    const kept = this.#kept;
    this.#kept = undefined;
    return await kept?.();
  }

  /** Frees every copy. */
  [Symbol.dispose](): void {
    for (const end of this.#ends.splice(0)) end[Symbol.dispose]();
    this.#best?.[Symbol.dispose]();
  }

  #make(): Snapshot {
    return new Snapshot(this.#backend, this.#sources);
  }
}
