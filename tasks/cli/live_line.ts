/**
 * How training goes, in one line.
 *
 * @module
 */

import { perplexityText } from "../shared/perplexity_text.ts";
import { speedText } from "./describe.ts";
import { sparkline } from "./sparkline.ts";
import type { Piece, Style } from "./terminal.ts";

/** What the line shows. */
export interface TrainingStatus {
  /** The epoch that is trained, or was last, from 1 on. */
  readonly epoch: number;
  readonly epochs: number;
  /** Epochs that are done, and the part of the next that is. */
  readonly done: number;
  /** Perplexity of each epoch so far. */
  readonly perplexities: readonly number[];
  /** The latest, and that of the text held out; undefined: not yet known. */
  readonly perplexity?: number;
  readonly validation?: number;
  readonly tokensPerSecond?: number;
  readonly secondsLeft?: number;
}

/** A part of the line. */
interface Part {
  /** What is dropped last has the least. */
  readonly rank: number;
  readonly style?: Style;
  /** The least columns that it takes, and the most that it can make use of. */
  readonly least: number;
  readonly most: number;
  readonly draw: (columns: number) => readonly Piece[];
}

/** Columns between two parts. */
const GAP = 2;

/** What a bar and a sparkline take. */
const LEAST_CURVE = 6;
const MOST_CURVE = 24;

/**
 * The line in at most so many columns. Of epoch, perplexity, time left, validation,
 * bar, sparkline and speed, in this order, it has each for which there is room; the
 * bar and the sparkline share what is left over.
 */
export function liveLine(status: TrainingStatus, columns: number): Piece[] {
  const all = partsOf(status);
  let used = -GAP;
  const fitting = all.toSorted((a, b) => a.rank - b.rank).filter((part, i) => {
    const isFitting = i === 0 || used + GAP + part.least <= columns;
    if (isFitting) used += GAP + part.least;
    return isFitting;
  });
  const parts = all.filter((part) => fitting.includes(part));
  let spare = Math.max(0, columns - used);
  let elastic = parts.filter((part) => part.most > part.least).length;
  const pieces: Piece[] = [];
  for (const part of parts) {
    const share = part.most > part.least ? Math.floor(spare / elastic--) : 0;
    const more = Math.min(share, part.most - part.least);
    spare -= more;
    if (pieces.length > 0) pieces.push(" ".repeat(GAP));
    pieces.push(...part.draw(Math.min(columns, part.least + more)));
  }
  return pieces;
}

/** The same without curves, for where lines stay. */
export function plainLine(status: TrainingStatus): string {
  const { epoch, epochs, done } = status;
  const part = done - (epoch - 1);
  const within = part > 0 && part < 1 ? ` (${percent(part)} of it)` : "";
  return [
    `epoch ${epoch} of ${epochs}${within}`,
    ...perplexityTexts(status),
    ...speedTexts(status),
    ...leftTexts(status),
  ].join(", ");
}

/** A time span: `0:45`, `12:05`, `3:00:10`, `4 d 7 h`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [d, h, m, s] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  const two = (value: number) => String(value).padStart(2, "0");
  if (d > 0) return `${d} d ${h} h`;
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function partsOf(status: TrainingStatus): Part[] {
  const { epoch, epochs, done, perplexities } = status;
  const [perplexity, validation] = perplexityTexts(status);
  const width = String(epochs).length;
  const parts = [
    text(1, `epoch ${String(epoch).padStart(width)}/${epochs}`, "bold"),
    curve(5, (columns) => bar(done / epochs, columns)),
    perplexity && text(2, perplexity),
    validation && text(4, validation),
    perplexities.length > 1 && curve(6, (columns) => [{
      text: sparkline(perplexities, columns).padEnd(columns),
      style: "cyan",
    }]),
    ...speedTexts(status).map((speed) => text(7, speed, "dim")),
    ...leftTexts(status).map((left) => text(3, left)),
  ];
  return parts.filter((part) =>
    part !== undefined && part !== false && part !== ""
  );
}

function text(rank: number, shown: string, style?: Style): Part {
  const { length } = shown;
  const draw = (columns: number): Piece[] => {
    const text = shown.slice(0, columns);
    return [style ? { text, style } : text];
  };
  return { rank, least: length, most: length, draw };
}

function curve(rank: number, draw: Part["draw"]): Part {
  return { rank, least: LEAST_CURVE, most: MOST_CURVE, draw };
}

/** `━━━━╸───`: the part that is done. */
function bar(part: number, columns: number): Piece[] {
  const halves = Math.round(Math.min(1, part) * columns * 2);
  const full = "━".repeat(Math.floor(halves / 2)) + (halves % 2 ? "╸" : "");
  return [
    { text: full, style: "green" },
    { text: "─".repeat(columns - full.length), style: "dim" },
  ];
}

function perplexityTexts({ perplexity, validation }: TrainingStatus): string[] {
  const shown = (value: number) => perplexityText(value).padStart(5);
  return [
    ...perplexity === undefined ? [] : [`perplexity ${shown(perplexity)}`],
    ...validation === undefined ? [] : [`validation ${shown(validation)}`],
  ];
}

function speedTexts({ tokensPerSecond }: TrainingStatus): string[] {
  const text = speedText(tokensPerSecond ?? NaN);
  return text === "" ? [] : [text];
}

function leftTexts({ secondsLeft, done, epochs }: TrainingStatus): string[] {
  return secondsLeft === undefined || done >= epochs
    ? []
    : [`${duration(secondsLeft)} left`];
}

function percent(part: number): string {
  return `${Math.floor(100 * part)}%`;
}
