/**
 * What the worker holds: a device, a text, a model, and the training that is going on.
 *
 * @module
 */

import {
  type Backend,
  type Checkpoint,
  type CheckpointEvent,
  type ChosenBackend,
  type Corpus,
  corpusOptions,
  decodeCheckpoint,
  type DeviceName,
  encodeCheckpoint,
  FormatError,
  InputError,
  openBackend,
  openChosen,
  partition,
  perplexity,
  resume,
  tokenize,
  train,
  type TrainControls,
  type TrainEvent,
} from "../../mod.ts";
import type {
  Ending,
  ModelSummary,
  NamedText,
  Notice,
  Reading,
  Settings,
  Started,
  WriteRequest,
} from "./protocol.ts";
import { readText } from "./reading.ts";
import { Sampler } from "./sampler.ts";
import { configOf, startOf, summarize, trainOptions } from "./summary.ts";
import { startingText, write } from "./writing.ts";

/** Seconds from one look at the model in training to the next. */
const LOOK_SECONDS = 2;

/** Part of a text that is held out where that is asked for. */
const HELD_OUT = 0.1;

/** A device that is open, and why it is that one. */
type Opened = Pick<ChosenBackend, "backend" | "reason">;

/** A training that can begin. */
interface Training {
  readonly corpus: Corpus;
  readonly started: Started;
  readonly events: AsyncGenerator<TrainEvent, void>;
}

/** Does what the page asks, one training at a time. */
export class Session {
  readonly #notify: (notice: Notice) => void;
  #device: DeviceName = "auto";
  #opened?: Promise<Opened>;
  #corpus?: Corpus;
  #checkpoint?: Checkpoint;
  /** What samples begin with. */
  #prefix = "";
  #running?: AbortController;
  /** How often something was to be written. */
  #writing = 0;

  constructor(notify: (notice: Notice) => void) {
    this.#notify = notify;
  }

  /** Opens a device in place of the one before. */
  async open(device: DeviceName) {
    this.#assertIdle();
    this.#close();
    this.#device = device;
    const { backend: { description }, reason } = await this.#open();
    return { description, reason };
  }

  /** Trains a new model from its beginning. */
  train(text: NamedText, settings: Settings): Promise<Ending> {
    return this.#run((controls, backend) => {
      const { name, bytes, prefix } = text;
      const corpus = tokenize(bytes, {
        name,
        normalize: settings.normalize,
        validation: settings.holdOut ? HELD_OUT : 0,
      });
      partition(corpus.ids, settings); // refuses a text that is too short
      this.#prefix = prefix ?? startingText(corpus);
      const options = trainOptions(settings);
      const planned = { done: 0, planned: settings.epochs };
      return {
        corpus,
        started: {
          ...startOf(configOf(settings, corpus), corpus, planned),
          isNew: true,
        },
        events: train(corpus, backend, { ...options, ...controls }),
      };
    });
  }

  /** Goes on with the model that is there; one that is done, for as long again. */
  resume({ name, bytes, prefix }: NamedText): Promise<Ending> {
    return this.#run((controls, backend) => {
      const checkpoint = this.#held();
      const corpus = this.#corpus ??
        tokenize(bytes, { ...corpusOptions(checkpoint), name });
      if (!this.#corpus) this.#prefix = prefix ?? startingText(corpus);
      const { config, progress, training } = checkpoint;
      const epochs = progress.epochs < training.epochs
        ? training.epochs
        : 2 * training.epochs;
      const planned = { done: progress.epochs, planned: epochs };
      const options = { ...controls, epochs };
      return {
        corpus,
        started: { ...startOf(config, corpus, planned), isNew: false },
        events: resume(checkpoint, corpus, backend, options),
      };
    });
  }

  /** Ends the training that is going on, if there is one. */
  stop(): void {
    this.#running?.abort();
  }

  /** Continues a prefix, then reads the whole; undefined if overtaken by another. */
  async write(request: WriteRequest): Promise<Reading | undefined> {
    const turn = ++this.#writing;
    const isOvertaken = () => turn !== this.#writing;
    try {
      const model = this.#held();
      const { backend } = await this.#open();
      let text = "";
      for await (const piece of write(model, backend, request)) {
        if (isOvertaken()) return undefined;
        this.#notify({ kind: "piece", text: piece, first: text === "" });
        text += piece;
      }
      const layer = Math.min(request.layer, model.config.numLayers - 1);
      return await readText(model, backend, text, layer);
    } catch (error) {
      if (isOvertaken()) return undefined; // perhaps because its device was closed
      throw error;
    }
  }

  /** The model as a file. */
  async save() {
    const checkpoint = this.#held();
    const { cell, hiddenSize } = checkpoint.config;
    const corpus = checkpoint.corpus.name.replace(/\.[^.]*$/, "")
      .replace(/[^\p{L}\p{N}_-]+/gu, "-");
    return {
      name: `${corpus}-${cell}-${hiddenSize}.safetensors`,
      bytes: await encodeCheckpoint(checkpoint),
    };
  }

  /** Takes a model from a file in place of the one before. */
  async load(bytes: Uint8Array): Promise<ModelSummary> {
    this.#assertIdle();
    const checkpoint = await decodeCheckpoint(bytes);
    this.#prefix = "";
    return this.#hold(checkpoint);
  }

  async #run(
    begin: (controls: TrainControls, backend: Backend) => Training,
  ): Promise<Ending> {
    this.#assertIdle();
    const { signal } = this.#running = new AbortController();
    try {
      let { backend } = await this.#open();
      const reopen = async () => {
        this.#close();
        ({ backend } = await this.#open());
        return backend;
      };
      const checkpointSeconds = LOOK_SECONDS;
      const controls = { signal, progress: true, checkpointSeconds, reopen };
      return await this.#follow(begin(controls, backend), () => backend);
    } catch (error) {
      const isInput = error instanceof InputError ||
        error instanceof FormatError;
      if (!isInput) this.#close(); // it may be lost: the next call opens another
      throw error;
    } finally {
      this.#running = undefined;
    }
  }

  /** Trains to the end, and tells what happens. */
  async #follow(
    { corpus, started, events }: Training,
    backend: () => Backend,
  ): Promise<Ending> {
    const sampler = new Sampler(backend);
    let ending: Ending = "last";
    let now = NaN; // perplexity of what is done of the epoch
    this.#notify(started);
    for await (const event of events) {
      switch (event.type) {
        case "progress": {
          const { progress, count, loss } = event;
          now = perplexity(loss);
          const part = progress.minibatches / count;
          const done = { epoch: progress.epochs, part, perplexity: now };
          this.#notify({ kind: "progress", ...done });
          break;
        }
        case "epoch": {
          const { epoch, perplexity, tokensPerSecond } = event;
          const validation = event.validation?.perplexity;
          const measured = { epoch, perplexity, validation, tokensPerSecond };
          this.#notify({ kind: "epoch", ...measured });
          break;
        }
        case "checkpoint":
          if (event.reason === "best") break; // the page shows the model as it is
          this.#hold(event.checkpoint, corpus);
          if (event.reason === "stopped") ending = "stopped";
          await this.#sample(sampler, event, now);
      }
    }
    return ending;
  }

  /** Lets the model write, if it is time. */
  async #sample(
    sampler: Sampler,
    { checkpoint, reason }: CheckpointEvent,
    now: number,
  ): Promise<void> {
    if (reason === "diverged") return; // an error follows
    const isEnd = reason === "last" || reason === "stopped";
    if (!isEnd && !sampler.isDue) return;
    const { loss, progress } = checkpoint;
    const sample = await sampler.sample(checkpoint, this.#prefix);
    if (!sample) return;
    this.#notify({
      kind: "sample",
      epoch: progress.epochs,
      perplexity: progress.epochs > 0 ? perplexity(loss) : now,
      ...sample,
    });
  }

  /** Takes a model in place of the one before, and says so. */
  #hold(checkpoint: Checkpoint, corpus?: Corpus): ModelSummary {
    this.#checkpoint = checkpoint;
    this.#corpus = corpus;
    const model = summarize(checkpoint, this.#prefix);
    this.#notify({ kind: "model", model });
    return model;
  }

  #held(): Checkpoint {
    if (this.#checkpoint) return this.#checkpoint;
    throw new Error("There is no model yet: train one or open one");
  }

  /** The device; the first call opens it. */
  #open(): Promise<Opened> {
    if (this.#opened) return this.#opened;
    const opening = this.#opened = openDevice(this.#device);
    opening.catch(() => {
      if (this.#opened === opening) this.#opened = undefined; // to try again
    });
    return opening;
  }

  #close(): void {
    this.#writing++;
    const opened = this.#opened;
    this.#opened = undefined;
    // A device that did not open needs no closing; its error goes to those who wait.
    opened?.then(({ backend }) => backend[Symbol.dispose](), () => {});
  }

  #assertIdle(): void {
    if (this.#running) {
      throw new Error("A model is being trained: stop it first");
    }
  }
}

async function openDevice(device: DeviceName): Promise<Opened> {
  if (device === "auto") return await openChosen();
  return { backend: await openBackend(device), reason: "you asked for it" };
}
