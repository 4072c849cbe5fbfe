/**
 * What `--corpus` may be that is neither a text's name nor the path of a file.
 *
 * @module
 */

import { basename, dirname, join } from "@std/path";
import { shellQuoted } from "./command_line.ts";
import { UsageError } from "./flags.ts";
import { didYouMean, nearest } from "./nearest.ts";
import { runNameFor } from "./run_name.ts";
import { EXIT, TaskError } from "./exit.ts";
import { TEXT_NAMES } from "../shared/text_names.ts";

/** How many files of a folder are named. */
const NAMED = 3;

/**
 * Throws, saying what to type instead, where `--corpus` was given an address, stdin, a
 * folder or a name that is nearly that of a text.
 *
 * @throws {UsageError | TaskError}
 */
export async function assertTextPath(corpus: string): Promise<void> {
  if (corpus === "-") {
    throw new UsageError(
      "--corpus cannot be - (stdin), because evaluating or resuming a " +
        "run reads its text again. Save it to a file first, such as " +
        "data/text.txt, and use --corpus data/text.txt",
    );
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(corpus)) throw addressError(corpus);
  const found = await Deno.stat(corpus).catch((error) => error as Error);
  if (found instanceof Deno.errors.NotFound) {
    const meant = didYouMean(await nearestTexts(corpus));
    throw new TaskError(
      EXIT.files,
      `there is no text (--corpus) at ${corpus}${meant}`,
    );
  }
  if (!(found instanceof Error) && found.isDirectory) {
    const files = (await filesOf(corpus))
      .filter((name) => /\.(txt|md|text)$/i.test(name)).slice(0, NAMED)
      .map((name) => join(corpus, name));
    throw new TaskError(
      EXIT.files,
      `${corpus} is a folder: --corpus takes one file` +
        (files.length > 0 ? `, such as ${files.join(" or ")}` : "") +
        ". To combine several files: cat A.txt B.txt > all.txt",
    );
  }
}

function addressError(corpus: string): UsageError {
  if (!/^https?:\/\//i.test(corpus) || !URL.canParse(corpus)) {
    return new UsageError(
      `--corpus cannot be ${JSON.stringify(corpus)}: expected ` +
        `${TEXT_NAMES.join(", ")} or the path of a file`,
    );
  }
  const address = new URL(corpus);
  address.username = address.password = ""; // not for a terminal
  const file = `data/${runNameFor(address.pathname)}.txt`;
  const download = shellQuoted(
    ["--url", address.href, "--sha1", "none", "--output", file],
  );
  return new UsageError(
    "--corpus cannot be a URL: download the text first with deno " +
      `task download ${download}, then use --corpus ` +
      `${shellQuoted([file])}`,
  );
}

/** Texts whose names are nearly this one: those that go by a name, and files beside it. */
async function nearestTexts(corpus: string): Promise<string[]> {
  const folder = dirname(corpus), name = basename(corpus);
  const files = await filesOf(folder);
  const found = nearest(
    name,
    folder === "." ? [...TEXT_NAMES, ...files] : files,
  );
  return found.map((near) =>
    folder === "." && !corpus.startsWith(".") ? near : join(folder, near)
  );
}

/** Names of the files in a folder, hidden ones left out; none where it cannot be read. */
async function filesOf(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (!isDirectory && !name.startsWith(".")) names.push(name);
    }
  } catch {
    return [];
  }
  return names.sort();
}
