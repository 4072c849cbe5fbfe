/**
 * The form's model and how it is trained.
 *
 * @module
 */

import {
  CELL_NAMES,
  type CellName,
  type DeviceName,
  MODEL_SETTINGS,
  type NumberRange,
  OPTIMIZER_NAMES,
  TRAINING_SETTINGS,
  type UpdateRule,
  withDefaults,
} from "../../mod.ts";
import { find, make } from "./dom.ts";
import type { Settings } from "./protocol.ts";

/** What the menus say instead of a name; every other name stands as it is. */
const WORDS: Readonly<Partial<Record<CellName | UpdateRule, string>>> = {
  rnn: "RNN: plain",
  gru: "GRU: gated",
  lstm: "LSTM: with memory",
  adam: "Adam: forgiving",
  adamw: "AdamW",
  rmsprop: "RMSProp",
  momentum: "Momentum",
  sgd: "Gradient descent",
};

/** Names of the devices; the reference is not offered, it is slow. */
const DEVICES: Readonly<Record<Exclude<DeviceName, "reference">, string>> = {
  auto: "the fastest",
  webgpu: "the GPU",
  cpu: "the CPU",
};

/** The numbers that the form asks for, and where it allows less than the library. */
const NUMBERS = {
  hiddenSize: { ...MODEL_SETTINGS.hiddenSize, most: 2048 },
  numLayers: { ...MODEL_SETTINGS.numLayers, most: 8 },
  learningRate: {
    ...TRAINING_SETTINGS.learningRate,
    least: 1e-5,
    above: false,
    most: 100,
  },
  epochs: { ...TRAINING_SETTINGS.epochs, most: 100_000 },
};

/** Settings by name, in plain words. */
interface Preset {
  readonly name: string;
  readonly words: string;
  readonly settings: Omit<Settings, "holdOut">;
}

/**
 * What the form starts from. Adam's learning rates are higher than the library's
 * default, so that the first words come soon.
 */
const PRESETS: readonly Preset[] = [
  {
    name: "Quick",
    words: "Words within seconds: a GRU with 128 units",
    settings: {
      cell: "gru",
      hiddenSize: 128,
      numLayers: 1,
      optimizer: "adam",
      learningRate: 0.005,
      epochs: 40,
      batchSize: 16,
      numSteps: 50,
      normalize: "none",
    },
  },
  {
    name: "Thorough",
    words: "Better text, in minutes: two LSTM layers with 256 units",
    settings: {
      cell: "lstm",
      hiddenSize: 256,
      numLayers: 2,
      optimizer: "adam",
      learningRate: 0.003,
      epochs: 40,
      batchSize: 16,
      numSteps: 64,
      normalize: "none",
    },
  },
  {
    name: "The book’s",
    words: "As in Dive into Deep Learning: a plain RNN with 512 units",
    settings: {
      cell: "rnn",
      hiddenSize: 512,
      numLayers: 1,
      optimizer: "sgd",
      learningRate: 1,
      epochs: 200,
      batchSize: 32,
      numSteps: 35,
      normalize: "letters",
    },
  },
];

/** The presets and the fields below them. */
export class SettingsForm {
  readonly #cell = find("cell", HTMLSelectElement);
  readonly #units = find("units", HTMLInputElement);
  readonly #layers = find("layers", HTMLInputElement);
  readonly #optimizer = find("optimizer", HTMLSelectElement);
  readonly #rate = find("rate", HTMLInputElement);
  readonly #epochs = find("epochs", HTMLInputElement);
  readonly #letters = find("letters", HTMLInputElement);
  readonly #holdOut = find("hold-out", HTMLInputElement);
  readonly #device = find("device-choice", HTMLSelectElement);
  readonly #radios: readonly HTMLInputElement[];
  #preset = PRESETS[0];

  constructor(onDevice: (device: DeviceName) => void) {
    offer(this.#cell, CELL_NAMES, WORDS);
    offer(this.#optimizer, OPTIMIZER_NAMES, WORDS);
    offer(this.#device, Object.keys(DEVICES), DEVICES);
    limit(this.#units, NUMBERS.hiddenSize);
    limit(this.#layers, NUMBERS.numLayers);
    limit(this.#rate, NUMBERS.learningRate);
    limit(this.#epochs, NUMBERS.epochs);
    const presets = find("presets", HTMLElement);
    this.#radios = PRESETS.map((preset) => {
      const radio = make("input");
      radio.type = "radio";
      radio.name = "preset";
      radio.addEventListener("change", () => this.#choose(preset));
      presets.append(
        make(
          "label",
          { className: "choice" },
          radio,
          make(
            "span",
            {},
            make("b", { text: preset.name }),
            make("small", { text: preset.words }),
          ),
        ),
      );
      return radio;
    });
    this.#choose(this.#preset);
    this.#optimizer.addEventListener("change", () => {
      this.#rate.valueAsNumber = this.#usualRate();
    });
    for (
      const field of [
        ...[this.#cell, this.#units, this.#layers, this.#optimizer],
        ...[this.#rate, this.#epochs, this.#letters],
      ]
    ) field.addEventListener("change", () => this.#mark());
    this.#device.addEventListener("change", () => onDevice(this.device));
    // A field that is wrong is shown, so that the browser can say what is wrong.
    const details = find("settings", HTMLDetailsElement);
    details.addEventListener("invalid", () => details.open = true, true);
  }

  /** What the model is to run on. */
  get device(): DeviceName {
    return this.#device.value as DeviceName;
  }

  /** The settings as they stand; the browser has checked the fields. */
  read(): Settings {
    const { batchSize, numSteps } = this.#preset.settings;
    return {
      cell: this.#cell.value as CellName,
      hiddenSize: this.#units.valueAsNumber,
      numLayers: this.#layers.valueAsNumber,
      optimizer: this.#optimizer.value as UpdateRule,
      learningRate: this.#rate.valueAsNumber,
      epochs: this.#epochs.valueAsNumber,
      batchSize,
      numSteps,
      normalize: this.#letters.checked ? "letters" : "none",
      holdOut: this.#holdOut.checked,
    };
  }

  #choose(preset: Preset): void {
    const { settings } = this.#preset = preset;
    this.#cell.value = settings.cell;
    this.#units.valueAsNumber = settings.hiddenSize;
    this.#layers.valueAsNumber = settings.numLayers;
    this.#optimizer.value = settings.optimizer;
    this.#rate.valueAsNumber = settings.learningRate;
    this.#epochs.valueAsNumber = settings.epochs;
    this.#letters.checked = settings.normalize === "letters";
    this.#mark();
  }

  /** The chosen optimizer's learning rate: the preset's, or else the library's. */
  #usualRate(): number {
    const { settings } = this.#preset;
    const optimizer = this.#optimizer.value as UpdateRule;
    return optimizer === settings.optimizer
      ? settings.learningRate
      : withDefaults({ optimizer }).learningRate;
  }

  /** Shows which preset the fields are those of, if any. */
  #mark(): void {
    const { holdOut: _, ...now } = this.read();
    PRESETS.forEach(({ settings }, i) => {
      this.#radios[i].checked =
        JSON.stringify(settings) === JSON.stringify(now);
    });
  }
}

/** Fills a menu with its choices and what they are called. */
function offer(
  menu: HTMLSelectElement,
  names: readonly string[],
  words: Readonly<Record<string, string>>,
): void {
  menu.append(
    ...names.map((value) => {
      const option = make("option", { text: words[value] ?? value });
      option.value = value;
      return option;
    }),
  );
}

/** Sets the numbers that a field takes. */
function limit(field: HTMLInputElement, range: NumberRange): void {
  field.min = String(range.least);
  field.max = String(range.most);
  field.step = range.kind === "integer" ? "1" : "any";
}
