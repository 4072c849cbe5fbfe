/**
 * What the worker holds: a device, a text, a model, and the training that is going on.
 *
 * @module
 */

import {
  type Backend,
  type Checkpoint,
  chooseDevice,
  type Corpus,
  decodeCheckpoint,
  type DeviceName,
  encodeCheckpoint,
  openBackend,
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
  WriteRequest,
} from "./protocol.ts";
import { readText } from "./reading.ts";
import { meanLoss, Sampler } from "./sampler.ts";
import {
  type Plan,
  planOf,
  startOf,
  summarize,
  trainOptions,
} from "./summary.ts";
import { beginning, write } from "./writing.ts";

/** Seconds from one look at the model in training to the next. */
const LOOK_SECONDS = 2;

/** Part of a text that is held out where that is asked for. */
const HELD_OUT = 0.1;

/** The worker's state. */
export class Session {
  readonly #notify: (notice: Notice) => void;
  #device: DeviceName = "auto";
  #backend?: Promise<Backend>;
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
    const { description } = await this.#open();
    const { reason } = device === "auto"
      ? await chooseDevice()
      : { reason: "you asked for it" };
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
      this.#prefix = prefix ?? beginning(corpus);
      const options = { ...trainOptions(settings), ...controls };
      const events = train(corpus, backend, options);
      return { corpus, plan: planOf(settings, corpus), events };
    });
  }

  /** Goes on with the model that is there; one that is done, for as long again. */
  resume({ name, bytes, prefix }: NamedText): Promise<Ending> {
    return this.#run((controls, backend) => {
      const checkpoint = this.#held();
      const { tokenizer, vocabulary, progress, training } = checkpoint;
      const { tokens, validationTokens } = checkpoint.corpus;
      const all = tokens + validationTokens;
      const corpus = this.#corpus ?? tokenize(bytes, {
        name,
        ...tokenizer,
        vocabulary,
        maxTokens: all,
        validation: validationTokens / all,
      });
      if (!this.#corpus) this.#prefix = prefix ?? beginning(corpus);
      const epochs = progress.epochs < training.epochs
        ? training.epochs
        : 2 * training.epochs;
      const plan = { ...checkpoint, training: { ...training, epochs } };
      const options = { ...controls, epochs };
      return {
        corpus,
        plan,
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
    let first = true;
    const onPiece = (text: string) => {
      if (!isOvertaken()) this.#notify({ kind: "piece", text, first });
      first = false;
    };
    try {
      const model = this.#held();
      const backend = await this.#open();
      const ways = { isOvertaken, onPiece };
      const text = await write(model, backend, request, ways);
      if (isOvertaken()) return undefined;
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
    begin: (
      controls: TrainControls,
      backend: Backend,
    ) => {
      readonly corpus: Corpus;
      readonly plan: Plan;
      readonly events: AsyncGenerator<TrainEvent, void>;
    },
  ): Promise<Ending> {
    this.#assertIdle();
    const { signal } = this.#running = new AbortController();
    const sampler = new Sampler();
    let ending: Ending = "last";
    try {
      const backend = await this.#open();
      const controls = { signal, checkpointSeconds: LOOK_SECONDS };
      const { corpus, plan, events } = begin(controls, backend);
      const started = startOf(plan, corpus);
      this.#notify(started);
      for await (const event of events) {
        if (event.type === "epoch") {
          const { epoch, perplexity, tokensPerSecond } = event;
          const validation = event.validation?.perplexity;
          const measured = { epoch, perplexity, validation, tokensPerSecond };
          this.#notify({ kind: "epoch", ...measured });
        } else if (event.type === "checkpoint") {
          const { checkpoint, reason } = event;
          if (reason === "best") continue; // the page shows the model as it is
          this.#hold(checkpoint, corpus);
          this.#tellProgress(checkpoint, started.minibatches);
          if (reason === "stopped") ending = "stopped";
          if (reason === "diverged") continue; // an error follows
          const sample = await sampler.sample(
            checkpoint,
            backend,
            this.#prefix,
            reason === "last" || reason === "stopped",
          );
          if (sample) this.#notify(sample);
        }
      }
      return ending;
    } catch (error) {
      // The device may be lost: the next call opens another.
      if (!(error instanceof RangeError)) this.#close();
      throw error;
    } finally {
      this.#running = undefined;
    }
  }

  /** Tells where training is within an epoch. */
  #tellProgress({ progress, state }: Checkpoint, minibatches: number): void {
    if (progress.minibatches === 0) return;
    this.#notify({
      kind: "progress",
      epoch: progress.epochs,
      part: progress.minibatches / minibatches,
      perplexity: perplexity(meanLoss(state)),
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
    throw new Error("There is no model yet: train one, or open one");
  }

  /** The device, opened once, whoever comes first. */
  #open(): Promise<Backend> {
    if (this.#backend) return this.#backend;
    const opening = this.#backend = openBackend(this.#device);
    opening.catch(() => {
      if (this.#backend === opening) this.#backend = undefined; // to try again
    });
    return opening;
  }

  #close(): void {
    this.#writing++;
    const opened = this.#backend;
    this.#backend = undefined;
    // What did not open needs no closing; why is told to those who wait for it.
    opened?.then((backend) => backend[Symbol.dispose](), () => {});
  }

  #assertIdle(): void {
    if (this.#running) {
      throw new Error("A model is being trained: stop it first");
    }
  }
}
