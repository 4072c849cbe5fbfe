import { basename, dirname } from "@std/path";
import { foreignFormat } from "../lib/exchange/foreign_format.ts";
import {
  inspect,
  type InspectedTensor,
  type Inspection,
} from "../lib/exchange/inspect.ts";
import { spaced } from "./cli/describe.ts";
import { readWanted } from "./cli/files.ts";
import type { Command, Flags, TextFlag } from "./cli/command.ts";
import { UsageError } from "./cli/flags.ts";
import { assertInputFile } from "./cli/input_file.ts";
import { didYouMean, nearest } from "./cli/nearest.ts";
import { EXIT, TaskError } from "./cli/exit.ts";
import { runTask } from "./cli/run_task.ts";
import { RUNS_FOLDER } from "./cli/run_paths.ts";
import { checkpointPath, MODEL_FLAGS } from "./cli/chosen_model.ts";
import { allRuns } from "./cli/runs.ts";
import { jsonLine, out, printable } from "./cli/terminal.ts";
import { grouped } from "./shared/grouped.ts";

/** What the kinds of files are called. */
const KINDS: Readonly<Record<Inspection["kind"], string>> = {
  checkpoint: "a checkpoint",
  imported: "a model that was imported",
  tokens: "a token file",
  tensors: "a safetensors file",
};

/** How many tokens of a vocabulary are listed. */
const MOST_TOKENS = 200;

export const command = {
  name: "inspect",
  details: "A file can be a run's model, with its vocabulary and how it was " +
    "trained, a token file, or any other file of tensors. Damaged " +
    "checkpoints and weights that are not finite are listed too.",
  argument: {
    value: "RUN|FILE",
    help: "a run by its name, or a safetensors file (the newest run)",
    optional: true,
  },
  flags: {
    run: MODEL_FLAGS.run as TextFlag,
    json: { kind: "switch", help: "print one JSON object" },
  },
  examples: [
    "deno task inspect",
    "deno task inspect time-machine-1 --json",
    "deno task inspect model.safetensors",
  ],
} as const satisfies Command<Flags>;

export async function run(args: readonly string[]): Promise<never> {
  return await runTask(command, args, async ({ run, json }, word) => {
    if (word !== undefined && run !== undefined) {
      throw new UsageError(
        "RUN|FILE and --run both choose a file: use only one of them",
      );
    }
    const path = word === undefined
      ? await checkpointPath({ run })
      : await pathOf(word);
    const bytes = await readWanted(path, "file");
    const foreign = foreignFormat(bytes, path);
    if (foreign) throw new TaskError(EXIT.input, `${path} is ${foreign}`);
    let inspection: Inspection;
    try {
      inspection = await inspect(bytes);
    } catch (error) {
      throw new TaskError(EXIT.input, `${path}: ${(error as Error).message}`);
    }
    out(
      json
        ? jsonLine(asObject(path, bytes.length, inspection))
        : listing(path, bytes.length, inspection),
    );
  });
}

/** The file that a word stands for: a path, that of a run's folder, or a run's name. */
async function pathOf(word: string): Promise<string> {
  const found = await Deno.stat(word).catch(() => undefined);
  if (found && !found.isDirectory) {
    await assertInputFile(word, "safetensors file");
    return word;
  }
  const name = word.replace(/[/\\]+$/, "");
  const run = found && dirname(name) === RUNS_FOLDER ? basename(name) : name;
  const runs = (await allRuns()).map(({ name }) => name);
  if (runs.includes(run)) return await checkpointPath({ run });
  if (found) await assertInputFile(word, "safetensors file"); // it is a folder
  throw new TaskError(
    EXIT.files,
    "there is neither a file nor a run " +
      `${word}${didYouMean(nearest(word, runs))} (deno task runs ` +
      "lists the runs)",
  );
}

/** Metadata by key, without `weena.`; what is JSON there is read. */
function metadataOf({ metadata }: Inspection): Map<string, unknown> {
  return new Map([...metadata].map(([key, text]) => [
    key.replace(/^weena\./, ""),
    readJson(text),
  ]));
}

function readJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? text : value;
  } catch {
    return text;
  }
}

function asObject(file: string, bytes: number, inspection: Inspection) {
  const { kind, digest, tensors } = inspection;
  return {
    file,
    bytes,
    kind,
    digest,
    metadata: Object.fromEntries(metadataOf(inspection)),
    tensors: tensors.map(({ nonFinite, values, ...tensor }) => ({
      ...tensor,
      ...values,
      non_finite: nonFinite,
    })),
  };
}

/** The same for people. */
function listing(file: string, bytes: number, inspection: Inspection): string {
  const { kind, digest, tensors } = inspection;
  const rows: [string, string][] = [
    ["file", `${file}, ${KINDS[kind]} of ${grouped(bytes)} bytes`],
    ...[...metadataOf(inspection)].filter(([key]) => key !== "counts" // of the vocabulary's tokens: for programs
    ).map(([key, value]): [string, string] => [
      key.replaceAll("_", " "),
      key === "vocabulary" ? vocabularyText(value) : shown(value),
    ]),
  ];
  if (digest !== "none") {
    const index = rows.findIndex(([name]) => name === "sha256");
    rows[index][1] += digest === "valid"
      ? ", which is correct"
      : ": the file is damaged, its contents have a different one";
  }
  const width = 2 + Math.max(...rows.map(([name]) => name.length));
  return [
    ...rows.map(([name, text]) => `${name.padEnd(width)}${printable(text)}`),
    `tensors: ${grouped(tensors.length)}`,
    ...table(tensors),
    "",
  ].join("\n");
}

/** A value on one line: `batch size 32, num steps 35`. */
function shown(value: unknown): string {
  if (Array.isArray(value)) {
    const items = value.map((item) => shown(item));
    return items.length > MOST_TOKENS
      ? `${items.slice(0, MOST_TOKENS).join(" ")} and ` +
        `${grouped(items.length - MOST_TOKENS)} more`
      : items.join(" ");
  }
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([key, item]) => `${spaced(key)} ${shown(item)}`)
    .join(", ");
}

/** A vocabulary's size and tokens, as they are written in JSON. */
function vocabularyText(value: unknown): string {
  const tokens = Array.isArray(value)
    ? value
    : (value as { tokens?: unknown } | null)?.tokens; // that of a token file
  if (!Array.isArray(tokens)) return shown(value);
  const listed = tokens.slice(0, MOST_TOKENS).map((token) =>
    JSON.stringify(token)
  );
  const rest = tokens.length - listed.length;
  return `${grouped(tokens.length)} tokens: ${listed.join(" ")}` +
    (rest > 0 ? ` and ${grouped(rest)} more` : "");
}

/** Name, type, shape, bytes and values of every tensor, in columns. */
function table(tensors: readonly InspectedTensor[]): string[] {
  const rows = tensors.map((
    { name, dtype, shape, bytes, values, nonFinite },
  ) => [
    printable(name),
    dtype,
    `(${shape.join(", ")})`,
    `${grouped(bytes)} bytes`,
    [
      values &&
      `${short(values.min)} to ${short(values.max)}, mean ${
        short(values.mean)
      }`,
      nonFinite > 0 && `${grouped(nonFinite)} not finite`,
    ].filter(Boolean).join(", "),
  ]);
  const widths = [0, 1, 2, 3].map((i) =>
    Math.max(...rows.map((row) => row[i].length))
  );
  return rows.map((row) =>
    `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")}`
      .trimEnd()
  );
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

if (import.meta.main) await run(Deno.args);
