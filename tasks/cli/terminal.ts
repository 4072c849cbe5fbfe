/**
 * Writing to the terminal: stdout carries data, stderr what is said about it.
 *
 * @module
 */

/** Writes data to stdout. Ends the program quietly where nobody reads on. */
export function out(text: string): void {
  write(Deno.stdout, Deno.stdout.isTerminal() ? printable(text) : text);
}

/** Writes a line for people to stderr. */
export function say(line: string): void {
  clearStatus();
  write(Deno.stderr, `${printable(line)}\n`);
}

/** Shows a line that the next one replaces; nothing where stderr is no terminal. */
export function status(line: string): void {
  if (!Deno.stderr.isTerminal() || Deno.noColor) return;
  const { columns } = Deno.consoleSize();
  write(Deno.stderr, `\r\x1b[K${printable(line).slice(0, columns - 1)}`);
  statusShown = true;
}

/** Takes the status line away. */
export function clearStatus(): void {
  if (!statusShown) return;
  write(Deno.stderr, "\r\x1b[K");
  statusShown = false;
}

let statusShown = false;

/** Control characters, which a model may have learned, as visible ones. */
export function printable(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex
    /[\x00-\x08\x0b-\x1f\x7f]|[\x80-\x9f]/g,
    (c) =>
      c < "\x20" ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : "\u2421",
  );
}

/** A whole number with thousands separated: `170,580`. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** JSON on one line; numbers that JSON has not as strings: `"NaN"`, `"Infinity"`. */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(
    value,
    (_, item) =>
      typeof item === "number" && !Number.isFinite(item) ? String(item) : item,
  );
  return `${text}\n`;
}

function write(stream: typeof Deno.stdout, text: string): void {
  let bytes = new TextEncoder().encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
    throw error;
  }
}
