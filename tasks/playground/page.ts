/**
 * The page: puts its parts together, and says what happens.
 *
 * @module
 */

import type { DeviceName } from "../../mod.ts";
import { grouped } from "../shared/grouped.ts";
import { modelText } from "../shared/model_text.ts";
import { Announcer } from "./announcer.ts";
import { Client } from "./client.ts";
import { find, TOKENS } from "./dom.ts";
import { listenForFiles, saveFile } from "./files.ts";
import { LearningView } from "./learning_view.ts";
import type { Calls, ModelSummary, Notice } from "./protocol.ts";
import { ReadingView } from "./reading_view.ts";
import { SettingsForm } from "./settings.ts";
import { Texts } from "./texts.ts";
import { Writer } from "./writer.ts";

const errorLine = find("error", HTMLElement);
const deviceLine = find("device", HTMLElement);
const modelLine = find("model", HTMLElement);
const setup = find("setup", HTMLFormElement);
const buttons = {
  train: find("train", HTMLButtonElement),
  resume: find("resume", HTMLButtonElement),
  stop: find("stop", HTMLButtonElement),
  save: find("save", HTMLButtonElement),
};

const announcer = new Announcer();
const learning = new LearningView(announcer);
const reading = new ReadingView(() => attempt(write));
const writer = new Writer(() => attempt(write));
const texts = new Texts();
const client = new Client(hear);
const settings = new SettingsForm((device) => attempt(() => open(device)));
let model: ModelSummary | undefined;
let isTraining = false;

setup.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!isTraining) attempt(() => train("train"));
});
buttons.resume.addEventListener("click", () => attempt(() => train("resume")));
buttons.stop.addEventListener("click", () => {
  buttons.stop.disabled = true; // what has been begun is finished first
  attempt(() => client.call("stop", {}));
});
buttons.save.addEventListener("click", () => attempt(save));
listenForFiles(
  (file) => attempt(() => texts.add(file)),
  (file) => attempt(() => load(file)),
);
attempt(async () => {
  await Promise.all([texts.load(), open(settings.device)]);
  buttons.train.disabled = false;
});

/** Does something; what fails is said in one line. */
async function attempt(action: () => unknown): Promise<void> {
  errorLine.hidden = true;
  try {
    await action();
  } catch (error) {
    errorLine.textContent = (error as Error).message;
    errorLine.hidden = false;
    errorLine.scrollIntoView({ block: "nearest" });
  }
}

async function open(device: DeviceName): Promise<void> {
  deviceLine.textContent = "Starting …";
  try {
    const { description, reason } = await client.call("open", { device });
    deviceLine.textContent = `Runs on ${description}: ${reason}`;
  } catch (error) {
    deviceLine.textContent = "No device: choose another in the settings";
    throw error;
  }
}

async function train(how: "train" | "resume"): Promise<void> {
  const text = await texts.read();
  const chosen = settings.read();
  setTraining(true);
  try {
    const ending = how === "train"
      ? await client.call("train", { text, settings: chosen })
      : await client.call("resume", { text });
    learning.end(ending);
  } catch (error) {
    learning.fail();
    throw error;
  } finally {
    setTraining(false);
  }
  await write();
}

async function write(): Promise<void> {
  const request = writer.read();
  if (!request || !model) return;
  const { layer } = reading;
  const read = await client.call("write", { ...request, layer });
  if (read) reading.show(read, request.prefix.length);
}

async function save(): Promise<void> {
  const { name, bytes } = await client.call("save", {});
  saveFile(name, bytes);
}

async function load(file: File): Promise<void> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const ask: Calls["load"]["ask"] = { name: file.name, bytes };
  const loaded = await client.call("load", ask);
  writer.reset();
  writer.offer(loaded);
  learning.showLoaded(file.name, loaded);
  await write();
}

function hear(notice: Notice): void {
  switch (notice.kind) {
    case "started":
      if (notice.isNew) writer.reset();
      learning.hear(notice);
      break;
    case "epoch":
    case "progress":
    case "sample":
      learning.hear(notice);
      break;
    case "model": {
      const isFirst = model === undefined;
      showModel(notice.model);
      if (isFirst && isTraining) attempt(write);
      break;
    }
    case "piece":
      reading.write(notice.text, notice.first);
  }
}

function showModel(summary: ModelSummary): void {
  model = summary;
  const { config, parameters, level, corpus, epoch } = summary;
  modelLine.textContent =
    `${modelText(config)}, ${grouped(parameters)} parameters, ` +
    `${grouped(config.vocabularySize)} different ${TOKENS[level]}; ` +
    `trained on ${corpus}, ${epoch} ${epoch === 1 ? "time" : "times"} through`;
  writer.offer(summary);
  reading.offerLayers(config.numLayers);
  showButtons();
}

function setTraining(value: boolean): void {
  isTraining = value;
  buttons.stop.disabled = false;
  const hadFocus = document.activeElement?.closest(".controls");
  showButtons();
  // The button that had the focus may be gone: the next one takes it.
  if (!hadFocus) return;
  const { stop, resume, train } = buttons;
  [stop, resume, train].find((button) => !button.hidden)?.focus();
}

function showButtons(): void {
  const canResume = !isTraining && model?.canResume === true;
  buttons.train.hidden = isTraining;
  buttons.stop.hidden = !isTraining;
  buttons.resume.hidden = !canResume;
  buttons.save.disabled = model === undefined;
  buttons.train.classList.toggle("primary", !canResume);
  buttons.train.textContent = canResume ? "Train again" : "Train";
  buttons.resume.textContent = model && model.epoch >= model.epochs
    ? "Train longer"
    : "Resume";
}
