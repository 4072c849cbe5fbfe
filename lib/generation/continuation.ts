import { textJoiner } from "../text/text_joiner.ts";
import type { Level } from "../text/tokenizer.ts";

/** A token that was generated. */
export interface GeneratedToken {
  /** Its id in the model's vocabulary. */
  readonly id: number;
  /** The token itself. */
  readonly token: string;
  /**
   * Natural logarithm of its probability in the model, before temperature, `topK`,
   * `topP` and the penalty; `<unk>`, which is never generated, is not counted.
   */
  readonly logProbability?: number;
}

/** What was added to a continuation. */
export interface GeneratedPiece {
  /** The text that was added. */
  readonly text: string;
  /** Tokens whose text is complete and cannot be part of the stop text. */
  readonly tokens: readonly GeneratedToken[];
  /**
   * Why the continuation ends here, if it does: it reached the `stop` text or its
   * maximum `length`.
   */
  readonly ended?: "stop" | "length";
}

/**
 * One continuation of a prefix as it grows: what may become the stop text, and bytes
 * that are no whole character yet, are held back.
 */
export class Continuation {
  readonly #join: (tokens: readonly string[], last?: boolean) => string;
  readonly #stop?: string;
  /** Whether every token's text is given out at once. */
  readonly #holdsNothing: boolean;
  /** Text that may be the beginning of the stop text. */
  #held = "";
  /** Length of the text so far, and of what of it was given out. */
  #length = 0;
  #given = 0;
  /** Tokens that were not given out, and where their text begins and ends. */
  #waiting: { token: GeneratedToken; begin: number; end: number }[] = [];
  #ended?: "stop" | "length";

  /** Goes on with the tokens of a prefix; ends before `stop`. */
  constructor(level: Level, prefix: readonly string[], stop?: string) {
    this.#join = textJoiner(level);
    this.#join(prefix);
    this.#stop = stop;
    this.#holdsNothing = stop === undefined && level !== "byte";
  }

  /** Why it has ended; undefined while it goes on. */
  get ended(): "stop" | "length" | undefined {
    return this.#ended;
  }

  /** Adds tokens; `last` says that no more follow. */
  add(tokens: readonly GeneratedToken[], last: boolean): GeneratedPiece {
    if (this.#ended) return { text: "", tokens: [], ended: this.#ended };
    if (this.#holdsNothing) { // nearly always: no token is looked at alone
      if (last) this.#ended = "length";
      const text = this.#join(tokens.map(({ token }) => token));
      return { text, tokens, ...(last && { ended: "length" }) };
    }
    const append = (text: string) => {
      this.#held += text;
      this.#length += text.length;
    };
    for (const token of tokens) {
      const begin = this.#length;
      append(this.#join([token.token]));
      this.#waiting.push({ token, begin, end: this.#length });
    }
    const stop = this.#stop === undefined ? -1 : this.#held.indexOf(this.#stop);
    if (last && stop < 0) append(this.#join([], true));
    if (stop >= 0) this.#ended = "stop";
    else if (last) this.#ended = "length";
    const text = this.#held.slice(0, stop >= 0 ? stop : this.#safe(last));
    this.#held = this.#held.slice(text.length);
    this.#given += text.length;
    const whole = this.#ended === "length"
      ? this.#waiting.length
      : this.#whole();
    return {
      text,
      tokens: this.#waiting.splice(0, whole).map(({ token }) => token),
      ...(this.#ended && { ended: this.#ended }),
    };
  }

  /** How much of what is held cannot be the beginning of the stop text. */
  #safe(last: boolean): number {
    if (last || this.#stop === undefined) return this.#held.length;
    const longest = Math.min(this.#held.length, this.#stop.length - 1);
    for (let length = longest; length > 0; length--) {
      if (this.#held.endsWith(this.#stop.slice(0, length))) {
        return this.#held.length - length;
      }
    }
    return this.#held.length;
  }

  /** How many of the waiting tokens stand wholly in what was given out. */
  #whole(): number {
    // A byte that begins a character has no text until the character is whole.
    const first = this.#waiting.findIndex(({ begin, end }) =>
      begin >= this.#given || end > this.#given
    );
    return first < 0 ? this.#waiting.length : first;
  }
}
