/**
 * Writing to the terminal: stdout carries data, stderr what is said about it.
 *
 * @module
 */

import { Output } from "./output.ts";

/** Both may lead to one terminal. */
const outputs: Output[] = [];

/** Where data goes. */
export const stdout: Output = new Output(
  "stdout",
  () => Deno.stdout,
  outputs,
);

/** Where what is said about it goes; where it cannot be written it is left out. */
export const stderr: Output = new Output(
  "stderr",
  () => Deno.stderr,
  outputs,
);

/** How a piece of a line looks on a terminal with colours. */
export type Style = keyof typeof CODES;

/** A text, or one in a style. */
export type Piece = string | { readonly text: string; readonly style: Style };

/** Select Graphic Rendition, ECMA-48 8.3.117. */
const CODES = { bold: 1, dim: 2, red: 31, green: 32, cyan: 36 } as const;

/** Writes data to stdout; `stdout` tells when that is done, and if it failed. */
export function out(text: string): void {
  const isTerminal = Deno.stdout.isTerminal();
  if (isTerminal) clearStatus();
  stdout.write(isTerminal ? printable(text) : text);
}

/** Writes a line for people to stderr. */
export function say(...pieces: readonly Piece[]): void {
  clearStatus();
  stderr.write(`${painted(pieces, hasColors())}\n`);
}

/** The same, for a line that nobody misses: nothing where nobody reads. */
export function remark(...pieces: readonly Piece[]): void {
  if (!stderr.isBehind) say(...pieces);
}

/**
 * Shows a line that the next one replaces; nothing where stderr is no terminal.
 *
 * @param line A text that is cut off where the window ends, or what makes the line
 * for so many columns.
 */
export function status(
  line: string | ((columns: number) => readonly Piece[]),
): void {
  if (!canRedraw() || stderr.isBehind) return;
  // It would wrap in the last column, or where the terminal adds "^C" to it.
  const columns = windowColumns() - 3;
  const pieces = typeof line === "string"
    ? [line.slice(0, columns)]
    : line(columns);
  stderr.write(`\r${painted(pieces, hasColors())}\x1b[K`);
  statusShown = true;
}

/** How wide the terminal's window is. */
export function windowColumns(): number {
  return Deno.consoleSize().columns;
}

/** Takes the status line away. */
export function clearStatus(): void {
  if (!statusShown) return;
  stderr.write("\r\x1b[K");
  statusShown = false;
}

let statusShown = false;

/** Whether stderr is a terminal on which a line can be replaced. */
export function canRedraw(): boolean {
  return Deno.stderr.isTerminal() && !isDumb();
}

function hasColors(): boolean {
  return canRedraw() && !Deno.noColor;
}

/** Whether the terminal says of itself that it knows no escape codes. */
function isDumb(): boolean {
  const variable = { name: "env", variable: "TERM" } as const;
  return Deno.permissions.querySync(variable).state === "granted" &&
    Deno.env.get("TERM") === "dumb";
}

/** The pieces in a row, each printable, with the codes of its style around it. */
export function painted(pieces: readonly Piece[], colors: boolean): string {
  return pieces.map((piece) => {
    if (typeof piece === "string") return printable(piece);
    const text = printable(piece.text);
    return colors ? `\x1b[${CODES[piece.style]}m${text}\x1b[0m` : text;
  }).join("");
}

/**
 * Control characters, which a model may have learned, as visible ones, and those that
 * turn the direction of writing as `[U+202E]`.
 */
export function printable(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex
    /[\x00-\x08\x0b-\x1f\x7f]|[\x80-\x9f]/g,
    (c) =>
      c < "\x20" ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : "\u2421",
  ).replace(
    /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (c) => `[U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}]`,
  );
}

/** A text on one line: its line ends as visible ones. */
export function onOneLine(text: string): string {
  return printable(text.replace(/\r\n|[\n\r\u2028\u2029]/g, "↵"));
}

/**
 * JSON on one line; numbers that JSON does not have become strings: `"NaN"`,
 * `"Infinity"`.
 */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(
    value,
    (_, item) =>
      typeof item === "number" && !Number.isFinite(item) ? String(item) : item,
  );
  return `${text}\n`;
}
