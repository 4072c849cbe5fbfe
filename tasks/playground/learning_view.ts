/**
 * The course of training: how far, how well, and what the model writes meanwhile.
 *
 * @module
 */

import { grouped } from "../shared/grouped.ts";
import { perplexityText } from "../shared/perplexity_text.ts";
import type { Announcer } from "./announcer.ts";
import { find, TOKENS } from "./dom.ts";
import { Plot } from "./plot.ts";
import type { Ending, ModelSummary, Notice } from "./protocol.ts";
import { Samples } from "./samples.ts";

type TrainingNotice = Extract<
  Notice,
  { kind: "started" | "epoch" | "progress" | "sample" }
>;

/** Shows how training goes. */
export class LearningView {
  readonly #announcer: Announcer;
  readonly #section = find("learning", HTMLElement);
  readonly #welcome = find("welcome", HTMLElement);
  readonly #progress = find("progress", HTMLElement);
  readonly #perplexity = find("perplexity", HTMLElement);
  readonly #meaning = find("meaning", HTMLElement);
  readonly #done = find("done", HTMLProgressElement);
  readonly #state = find("state", HTMLElement);
  readonly #facts = find("facts", HTMLElement);
  readonly #plot = new Plot();
  readonly #samples = new Samples();
  #epoch = 0;
  #epochs = 0;
  #tokens = TOKENS.char;
  #speed = "";

  constructor(announcer: Announcer) {
    this.#announcer = announcer;
  }

  /** Makes room for another model. */
  #clear(): void {
    this.#samples.clear();
    this.#plot.begin(-1, 1);
    this.#perplexity.textContent = "–";
    this.#meaning.textContent = "";
  }

  /** Shows what the worker tells of its training. */
  hear(notice: TrainingNotice): void {
    switch (notice.kind) {
      case "started":
        this.#start(notice);
        break;
      case "epoch": {
        const { epoch, perplexity, validation, tokensPerSecond } = notice;
        this.#epoch = epoch;
        this.#speed = `${grouped(tokensPerSecond)} ${this.#tokens} per second`;
        this.#plot.add(epoch, perplexity, validation);
        this.#showPerplexity(perplexity);
        this.#showState(`Epoch ${epoch} of ${this.#epochs}`, epoch);
        this.#announcer.mention(
          `Epoch ${epoch} of ${this.#epochs}, ` +
            `perplexity ${perplexity.toFixed(1)}`,
        );
        break;
      }
      case "progress": {
        const { epoch, part, perplexity } = notice;
        this.#plot.showNow(epoch + part, perplexity);
        if (epoch === 0) this.#showPerplexity(perplexity);
        this.#showState(`Epoch ${epoch + 1} of ${this.#epochs}`, epoch + part);
        break;
      }
      case "sample": {
        const { epoch, perplexity, prefix, text } = notice;
        const place = epoch === 0 ? "first epoch" : `epoch ${epoch}`;
        const label = Number.isFinite(perplexity)
          ? `${place}, perplexity ${perplexityText(perplexity)}`
          : place;
        this.#samples.add(label, prefix, text);
      }
    }
  }

  /** Says how training ended. */
  end(ending: Ending): void {
    const words = ending === "last" ? "Done" : "Stopped";
    const text = `${words} after epoch ${this.#epoch} of ${this.#epochs}`;
    this.#state.textContent = [text, this.#speed].join(" · ");
    this.#announcer.say(text);
  }

  /** Says that training failed; why is said elsewhere. */
  fail(): void {
    this.#state.textContent = "Training did not continue";
  }

  /** Shows a model from a file. */
  showLoaded(file: string, model: ModelSummary): void {
    this.#clear();
    this.#show();
    this.#tokens = TOKENS[model.level];
    this.#facts.textContent = "";
    const { epoch, epochs, perplexity } = model;
    if (Number.isFinite(perplexity)) this.#showPerplexity(perplexity);
    this.#plot.begin(epoch, epochs);
    if (epoch > 0) this.#plot.add(epoch, perplexity);
    this.#done.max = epochs;
    this.#done.value = epoch;
    const resume = model.canResume
      ? ` Choose the same text, ${model.corpus}, to continue training ` +
        "it"
      : "";
    const text = `Opened ${file}: ${epoch} of ${epochs} epochs.${resume}`;
    this.#state.textContent = text;
    this.#announcer.say(text);
  }

  #start(notice: Extract<Notice, { kind: "started" }>): void {
    const { tokens, vocabularySize, parameters, epoch, epochs } = notice;
    if (notice.isNew) this.#clear();
    this.#tokens = TOKENS[notice.level];
    this.#show();
    this.#epoch = epoch;
    this.#epochs = epochs;
    this.#facts.textContent = `${grouped(tokens)} ${this.#tokens}, ` +
      `${grouped(vocabularySize)} different ones · ` +
      `${grouped(parameters)} parameters`;
    this.#plot.begin(epoch, epochs);
    this.#showState(`Epoch ${epoch + 1} of ${epochs}`, epoch);
    this.#announcer.say(`Training begins: ${epochs} epochs`);
  }

  #show(): void {
    this.#welcome.hidden = true;
    this.#progress.hidden = false;
    // On a phone the section is below the form.
    const { top } = this.#section.getBoundingClientRect();
    if (top > innerHeight / 3) this.#section.scrollIntoView();
  }

  #showPerplexity(perplexity: number): void {
    if (!Number.isFinite(perplexity)) return;
    const value = perplexity.toFixed(perplexity < 9.95 ? 2 : 1);
    this.#perplexity.textContent = value;
    this.#meaning.textContent =
      `Like guessing among ${value} equally likely ${this.#tokens}`;
  }

  #showState(text: string, epochs: number): void {
    this.#done.max = this.#epochs;
    this.#done.value = epochs;
    this.#state.textContent = [text, this.#speed]
      .filter((part) => part !== "").join(" · ");
  }
}
