/**
 * File operations that fail or kill at a chosen point: tools/faults.c, preloaded.
 *
 * @module
 */

import { fromFileUrl, join } from "@std/path";
import { linesOf } from "./run_state.ts";
import { succeeds } from "../../succeeds.ts";

/** Kinds of file operations, as tools/faults.c counts them. */
export type OperationClass =
  | "open"
  | "write"
  | "sync"
  | "rename"
  | "link"
  | "unlink"
  | "lock"
  | "truncate"
  | "mkdir";

/** One operation that was counted. */
export interface Operation {
  /** From 1 on. */
  readonly number: number;
  readonly class: OperationClass;
  /** From the folder on; of a temporary file without the part that is drawn. */
  readonly path: string;
  /** `0`, the error number, or the action that was taken on it. */
  readonly end: string;
}

/** What is done to operations on files of a folder. */
export interface Fault {
  /** The number of the operation, from 1 on. */
  readonly at?: number;
  /** What happens at it; see tools/faults.c. */
  readonly action?: string;
  /** Which are counted; all. */
  readonly classes?: readonly OperationClass[];
  /** Milliseconds that every counted one takes longer. */
  readonly sleep?: number;
  /** Every write takes half of what it is given. */
  readonly isShort?: boolean;
  /** stdout and stderr do not block: what they cannot take at once fails. */
  readonly isNonBlocking?: boolean;
  /** Bytes until the disk is full. */
  readonly space?: number;
}

/** Error numbers of Linux. */
export const ERRNO = { EIO: 5, EACCES: 13, ENOSPC: 28 } as const;

/** The compiled library, made when it is first asked for. */
let library: Promise<string> | undefined;

/**
 * Variables that make a program's operations under `folder` fail.
 *
 * @param folder An absolute path without symbolic links.
 * @param log A file that every counted operation is written to.
 */
export async function faultVariables(
  folder: string,
  fault: Fault,
  log?: string,
): Promise<Record<string, string>> {
  library ??= compile();
  const variables: Record<string, string | number | undefined> = {
    LD_PRELOAD: await library,
    FAULT_ROOT: folder,
    FAULT_AT: fault.at,
    FAULT_ACTION: fault.action,
    FAULT_CLASSES: fault.classes?.join(),
    FAULT_SLEEP: fault.sleep,
    FAULT_SHORT: fault.isShort ? 1 : undefined,
    FAULT_NONBLOCK: fault.isNonBlocking ? 1 : undefined,
    FAULT_SPACE: fault.space,
    FAULT_LOG: log,
  };
  return Object.fromEntries(
    Object.entries(variables)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  );
}

/** The operations in a log. */
export function operationsIn(log: string): Operation[] {
  return linesOf(log).map((line) => {
    const fields = line.match(/^(\d+) (\w+) (.*) (\S+)$/);
    if (!fields) throw new Error(`not an operation in ${log}: "${line}"`);
    const [, number, kind, path, end] = fields;
    return {
      number: Number(number),
      class: kind as OperationClass,
      path: path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, "*"),
      end,
    };
  });
}

/** Whether faults can be made here: on Linux, with a C compiler. */
export async function canMakeFaults(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  return await succeeds("gcc", "--version");
}

async function compile(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "weena-faults-" });
  await Deno.chmod(folder, 0o755); // for other users
  globalThis.addEventListener("unload", () => {
    Deno.removeSync(folder, { recursive: true });
  });
  const source = fromFileUrl(new URL("faults.c", import.meta.url));
  const path = join(folder, "faults.so");
  const { success, stderr } = await new Deno.Command("gcc", {
    args: ["-shared", "-fPIC", "-O2", "-o", path, source, "-ldl"],
  }).output();
  if (success) return path;
  throw new Error(
    `gcc could not compile ${source}: ${new TextDecoder().decode(stderr)}`,
  );
}
