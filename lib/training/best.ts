/**
 * The best model of a training.
 *
 * @module
 */

import type { Snapshot, Snapshots } from "./snapshot.ts";

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

/**
 * Holds the best model, together with what `Moment` says of it, until it is asked
 * for: on its device, so that nothing is read back before; where there is no room for
 * snapshots, in memory.
 */
export class BestModel<Moment, Model> {
  readonly #snapshots: Snapshots;
  readonly #read: (moment: Moment, snapshot?: Snapshot) => Promise<Model>;
  /** The best model, until it has been taken. */
  #kept?: { readonly moment: Moment; readonly snapshot: Snapshot } | {
    readonly model: Model;
  };

  /**
   * @param snapshots Of the tensors of the model in training.
   * @param read Reads the model back from a snapshot; without it, as it is now.
   */
  constructor(
    snapshots: Snapshots,
    read: (moment: Moment, snapshot?: Snapshot) => Promise<Model>,
  ) {
    this.#snapshots = snapshots;
    this.#read = read;
  }

  /**
   * How many snapshots can be taken of the ends of epochs whose losses are not known
   * yet: one is left for the best model.
   */
  get roomAhead(): number {
    const { room } = this.#snapshots;
    return Math.max(0, this.#snapshot ? room : room - 1);
  }

  /**
   * Keeps a model as the best.
   *
   * @param snapshot The model, which is released when another is better; without it,
   * the model as it is now.
   */
  async keep(moment: Moment, snapshot?: Snapshot): Promise<void> {
    this.#release();
    snapshot ??= this.#snapshots.take();
    this.#kept = snapshot
      ? { moment, snapshot }
      : { model: await this.#read(moment) };
  }

  /** The best model, once. */
  async take(): Promise<Model | undefined> {
    const kept = this.#kept;
    if (!kept) return undefined;
    const model = "model" in kept
      ? kept.model
      : await this.#read(kept.moment, kept.snapshot);
    this.#release();
    return model;
  }

  get #snapshot(): Snapshot | undefined {
    return this.#kept && "snapshot" in this.#kept
      ? this.#kept.snapshot
      : undefined;
  }

  #release(): void {
    const snapshot = this.#snapshot;
    this.#kept = undefined;
    if (snapshot) this.#snapshots.release(snapshot);
  }
}
