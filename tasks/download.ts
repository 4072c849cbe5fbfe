import { join } from "@std/path";
import {
  assertSha1,
  download,
  DownloadError,
  TIME_MACHINE,
} from "../lib/download.ts";
import { foreignFormat } from "../lib/exchange/foreign_format.ts";
import { assertInputFile } from "./cli/input_file.ts";
import { DOWNLOAD_TIMEOUT, TIME_MACHINE_PATH } from "./cli/named_texts.ts";
import { exists, readWanted, writeWhole } from "./cli/files.ts";
import type { Command, Flags, TextFlag } from "./cli/command.ts";
import { UsageError } from "./cli/flags.ts";
import { EXIT, TaskError } from "./cli/exit.ts";
import { runTask } from "./cli/run_task.ts";
import { out, say } from "./cli/terminal.ts";
import { grouped } from "./shared/grouped.ts";

export const command = {
  name: "download",
  details:
    "It is saved for the other tasks; train downloads it by itself. If " +
    "there is already a correct copy, it is left as it is.",
  flags: {
    url: {
      kind: "text",
      value: "URL|PATH",
      help: "where to get it from: an http or https URL or a file (the " +
        "chapter's URL)",
    } as TextFlag,
    sha1: {
      kind: "text",
      value: "DIGITS|none",
      default: TIME_MACHINE.sha1,
      help: "SHA-1 that the bytes must have; none: any bytes",
    },
    output: {
      kind: "text",
      value: "PATH",
      default: TIME_MACHINE_PATH,
      help: "where to save it",
    },
    force: { kind: "switch", help: "replace an existing file" },
  },
  examples: [
    "deno task download",
    "deno task download --url book.txt --sha1 none --output data/book.txt",
  ],
} as const satisfies Command<Flags>;

export async function run(args: readonly string[]): Promise<never> {
  return await runTask(command, args, async ({ url, sha1, output, force }) => {
    if (sha1 !== "none" && !/^[0-9a-f]{40}$/i.test(sha1)) {
      throw new UsageError(
        `--sha1 cannot be ${JSON.stringify(sha1)}: expected 40 hexadecimal ` +
          `digits or none`,
      );
    }
    const expected = sha1 === "none" ? undefined : sha1;
    const found = await Deno.stat(output).catch(() => undefined);
    if (found?.isDirectory) {
      throw new TaskError(
        EXIT.files,
        `${output} is a folder: --output takes a file's path, such as ` +
          join(output, "book.txt"),
      );
    }
    if (!force && await exists(output)) {
      const problem = await whatIsWrong(output, expected);
      if (problem === undefined) {
        out(
          `${output} already exists` +
            (expected ? `, SHA-1 ${expected}\n` : "\n"),
        );
        return;
      }
      if (output !== TIME_MACHINE_PATH) {
        throw new TaskError(
          EXIT.files,
          `${output} already exists and is a different file (${problem}): ` +
            "--force replaces it",
        );
      }
      say(
        `${output} is not the right file (${problem}): downloading it ` +
          "again",
      );
    }
    const bytes = url === undefined
      ? await fetched(TIME_MACHINE.urls, expected)
      : /^https?:\/\//i.test(url)
      ? await fetched([url], expected)
      : await copied(url, expected);
    await writeWhole(output, bytes);
    const foreign = foreignFormat(bytes, output);
    if (foreign) say(`note: ${output} is ${foreign}`);
    out(
      `${output}: ${grouped(bytes.length)} bytes` +
        (expected ? `, SHA-1 ${expected}\n` : "\n"),
    );
  });
}

async function fetched(
  urls: readonly string[],
  sha1: string | undefined,
): Promise<Uint8Array> {
  const signal = AbortSignal.timeout(DOWNLOAD_TIMEOUT);
  try {
    return await download(urls, { fetch, sha1, signal });
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    const isOther = urls !== TIME_MACHINE.urls &&
      error.message.includes(`expected ${TIME_MACHINE.sha1}`);
    throw new TaskError(
      EXIT.network,
      `${error.message}. ` +
        (isOther
          ? "For a text other than The Time Machine, use --sha1 none and an --output"
          : "If you have a copy of the file, use --url PATH"),
    );
  }
}

async function copied(
  path: string,
  sha1: string | undefined,
): Promise<Uint8Array> {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) {
    throw new UsageError(
      `--url cannot be ${JSON.stringify(path)}: expected http, https or a file`,
    );
  }
  await assertInputFile(path, "file (--url)");
  const bytes = await readWanted(path, "file (--url)");
  if (sha1 === undefined) return bytes;
  try {
    await assertSha1(bytes, sha1);
    return bytes;
  } catch (error) {
    const reason = (error as Error).message;
    throw new TaskError(
      EXIT.input,
      `${path} has ${reason}; with --sha1 none and an --output it is ` +
        "accepted as it is",
    );
  }
}

/** Why a file is not the one expected, or undefined where it is. */
async function whatIsWrong(
  path: string,
  sha1: string | undefined,
): Promise<string | undefined> {
  if (sha1 === undefined) return undefined;
  try {
    await assertSha1(await readWanted(path, "file"), sha1);
  } catch (error) {
    return (error as Error).message;
  }
}

if (import.meta.main) await run(Deno.args);
