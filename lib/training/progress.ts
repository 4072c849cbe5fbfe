/** How far a training is. */
export interface Progress {
  /** Number of epochs that are done. */
  readonly epochs: number;
  /** Number of minibatches of the next epoch that are done. */
  readonly minibatches: number;
  /** Number of tokens that were trained on, in all epochs. */
  readonly tokens: number;
}
