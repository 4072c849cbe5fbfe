/**
 * The best model of a training, whatever comes after it.
 *
 * @module
 */

import type { Backend, Tensor } from "../backend/backend.ts";
import { sizeOf } from "../backend/shapes.ts";
import { Snapshot } from "./snapshot.ts";

/** The best epoch so far. */
export interface Best {
  /** From 1 on. */
  readonly epoch: number;
  /** By which it is the best: finite, in nats per token. */
  readonly loss: number;
}

/** Whether a loss is better than the best before it: NaN and infinity never are. */
export function isBetter(loss: number, best: Best | undefined): boolean {
  return Number.isFinite(loss) && (best === undefined || loss < best.loss);
}

/** Most epochs that may end before their losses are known, and bytes to hold them. */
const MOST_ENDS = 8;
const MOST_BYTES = 64 * 2 ** 20;

/**
 * Holds the best model on its device, so that nothing is read back until it is asked
 * for, together with what `Moment` says of it.
 *
 * Losses are known only once a chunk of minibatches is read back, and a chunk may go
 * on behind the end of an epoch. So the model is copied at each end, and when the
 * losses are there the best of the copies is kept.
 */
export class BestModel<Moment> implements Disposable {
  /** How many epochs may end in a chunk, the chunk's last minibatch left out. */
  readonly capacity: number;
  readonly #backend: Backend;
  readonly #sources: readonly Tensor[];
  readonly #ends: Snapshot[] = [];
  #best?: Snapshot;
  /** Of the best model, until it has been taken. */
  #moment?: Moment;

  /** @param sources The tensors of the model in training, each of f32. */
  constructor(backend: Backend, sources: readonly Tensor[]) {
    this.#backend = backend;
    this.#sources = sources;
    const bytes = 4 *
      sources.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    this.capacity = Math.min(MOST_ENDS, Math.floor(MOST_BYTES / bytes));
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
  keep(moment: Moment, index?: number): void {
    this.#best ??= this.#make();
    const from = index === undefined ? undefined : this.#ends[index];
    this.#best.take(from?.tensors ?? this.#sources);
    this.#moment = moment;
  }

  /** The best model, once: what is known of it and the copies of its tensors. */
  take(): { moment: Moment; tensors: readonly Tensor[] } | undefined {
    const moment = this.#moment;
    this.#moment = undefined;
    return moment && { moment, tensors: this.#best!.tensors };
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
