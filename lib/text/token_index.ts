/**
 * Tokens numbered and counted as they come.
 *
 * @module
 */

/** A token of a text. */
export interface SeenToken {
  readonly token: string;
  /** What stands for it until the vocabulary is made. */
  readonly number: number;
  /** How often it stands in the text. */
  readonly count: number;
}

/** Cuts code points into tokens, gives each a number, and counts them. */
export interface TokenIndex {
  /** All numbers are below it. */
  readonly bound: number;
  /** Numbers of the tokens that these code points complete; overwrites them. */
  number(codes: Uint32Array): Uint32Array;
  /** Ends the text: the number of a token that only now is known to be whole. */
  end(): Uint32Array;
  /** The different tokens so far, by first appearance. */
  seen(): SeenToken[];
}
