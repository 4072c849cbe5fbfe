/**
 * Shows people how training goes: a line that is redrawn, or lines now and then.
 *
 * @module
 */

import type { EpochEvent, ProgressEvent } from "../../lib/training/events.ts";
import { type Clock, monotonicClock } from "../../lib/training/pace.ts";
import { perplexityText } from "../shared/perplexity_text.ts";
import { fitted } from "./columns.ts";
import { liveLine, plainLine, type TrainingStatus } from "./live_line.ts";
import {
  canRedraw,
  clearStatus,
  onOneLine,
  remark,
  status,
  windowColumns,
} from "./terminal.ts";

/** The least time from one redrawing to the next, in milliseconds. */
const REDRAW_MILLISECONDS = 100;

/** What is between two lines that stay: so much of both, or the longest time. */
const PLAIN_EPOCHS = 10;
const PLAIN_MILLISECONDS = 30_000;
const MOST_MILLISECONDS = 55_000; // with the time that the current work takes, a minute

/** Time that a speed has to be taken over before it says when training ends. */
const FIRST_MILLISECONDS = 1000;

/** Shows the events of one training. */
export class TrainingDisplay {
  #status: TrainingStatus;
  readonly #perplexities: number[];
  readonly #live: boolean = canRedraw();
  /** When it began, and how many epochs were done then. */
  readonly #start: { readonly time: number; readonly done: number };
  /** Whether a line that stays was shown. */
  #isBegun = false;
  readonly #clock: Clock;
  readonly #print: typeof remark;
  #shown: number;
  #shownEpoch: number;

  /**
   * @param perplexities Of the epochs that were done before.
   * @param clock Decides when something is shown.
   * @param print Takes the lines that stay.
   */
  constructor(
    epochs: number,
    perplexities: readonly number[],
    clock = monotonicClock,
    print = remark,
  ) {
    this.#clock = clock;
    this.#print = print;
    this.#shown = clock();
    this.#perplexities = [...perplexities];
    const done = perplexities.length;
    this.#start = { time: this.#shown, done };
    this.#shownEpoch = done;
    this.#status = {
      epoch: Math.min(epochs, done + 1),
      epochs,
      done,
      perplexities: this.#perplexities,
    };
  }

  /** Within an epoch. */
  progress(event: ProgressEvent): void {
    const { progress, count, loss, tokensPerSecond } = event;
    this.#update({
      epoch: progress.epochs + 1,
      done: progress.epochs + progress.minibatches / count,
      perplexity: Math.exp(loss),
      tokensPerSecond,
    });
    this.#show();
  }

  /** At the end of one. */
  epoch(event: EpochEvent): void {
    const { epoch, perplexity, validation, tokensPerSecond } = event;
    this.#perplexities.push(perplexity);
    this.#update({
      epoch,
      done: epoch,
      perplexity,
      ...validation && { validation: validation.perplexity },
      tokensPerSecond,
    });
    this.#show(epoch === this.#status.epochs);
  }

  /** What the model says after an epoch, in a line that scrolls by. */
  sample(epoch: number, text: string): void {
    const { epochs, perplexity } = this.#status;
    // Without a live line, few samples are shown; the last one goes to stdout.
    const isShown = this.#live || this.#shownEpoch === epoch && epoch < epochs;
    if (!isShown) return;
    const number = String(epoch).padStart(String(epochs).length);
    const shown = perplexityText(perplexity!).padStart(5);
    const before = `epoch ${number}  perplexity ${shown}  `;
    const line = onOneLine(text);
    const rest = this.#live ? windowColumns() - before.length : Infinity;
    this.#print({ text: before, style: "dim" }, fitted(line, rest));
    this.#redraw();
  }

  /** Leaves nothing but the lines that scrolled by. */
  end(): void {
    clearStatus();
  }

  #update(changed: Partial<TrainingStatus>): void {
    this.#status = { ...this.#status, ...changed };
    const { done, epochs } = this.#status;
    const elapsed = this.#clock() - this.#start.time;
    const gained = done - this.#start.done;
    if (elapsed < FIRST_MILLISECONDS || gained <= 0) return;
    const secondsLeft = elapsed / 1000 / gained * (epochs - done);
    this.#status = { ...this.#status, secondsLeft };
  }

  #show(isLast = false): void {
    const waited = this.#clock() - this.#shown;
    if (this.#live) {
      if (waited >= REDRAW_MILLISECONDS) this.#redraw();
      return;
    }
    const { epoch, done } = this.#status;
    const isFirst = !this.#isBegun && this.#status.secondsLeft !== undefined;
    const isDue = done === epoch && epoch % PLAIN_EPOCHS === 0 &&
      waited >= PLAIN_MILLISECONDS;
    if (!isFirst && !isDue && !isLast && waited < MOST_MILLISECONDS) return;
    this.#isBegun = true;
    this.#print(plainLine(this.#status));
    this.#shown = this.#clock();
    this.#shownEpoch = done;
  }

  #redraw(): void {
    if (!this.#live) return;
    status((columns) => liveLine(this.#status, columns));
    this.#shown = this.#clock();
  }
}
