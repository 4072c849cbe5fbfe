/** How far a training is. */
export interface Progress {
  /** Epochs that are done. */
  readonly epochs: number;
  /** Minibatches of the next epoch that are done. */
  readonly minibatches: number;
  /** Tokens that were trained on, in all epochs. */
  readonly tokens: number;
}
