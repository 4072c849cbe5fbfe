/**
 * Trainings whose file operations can be listed, and then be disturbed one by one.
 *
 * @module
 */

import {
  ERRNO,
  faultVariables,
  type Operation,
  operationsIn,
} from "./faults.ts";
import { copyFolder, OFTEN, RESUME, SMALL, Workplace } from "./workplace.ts";

/** A training from a known state to its end. */
export interface Phase {
  readonly name: "train" | "resume";
  /** The folder of the runs before it. */
  readonly before: string;
  /** Epochs that are saved before it. */
  readonly saved: number;
  readonly args: readonly string[];
  /** The run's folder after it, if nothing disturbs it. */
  readonly whole: string;
  /** What it does to files, in order. */
  readonly operations: readonly Operation[];
}

/** Epochs of the first training, and of it resumed; a save each. */
const EPOCHS = [3, 5];

/** The run that is disturbed. */
export const RUN = "run";

/**
 * Trains and resumes a run undisturbed, in `place`; the list of what was done to
 * files in each.
 */
export async function listedPhases(place: Workplace): Promise<Phase[]> {
  const [first, all] = EPOCHS;
  const trainArgs = [...SMALL, OFTEN, `--epochs=${first}`, `--run=${RUN}`];
  const resumeArgs = [...RESUME, `--epochs=${all}`, `--run=${RUN}`];
  const nothing = place.file("nothing");
  await Deno.mkdir(nothing);
  const phase = async (
    name: Phase["name"],
    before: string,
    saved: number,
    args: readonly string[],
  ): Promise<Phase> => {
    const log = place.file(`${name}.log`);
    const env = await faultVariables(place.file("data", "runs"), {}, log);
    await place.succeed("train", args, { env });
    const whole = place.file(`after-${name}`);
    await copyFolder(place.file("data", "runs"), whole);
    const operations = operationsIn(log);
    const run = `${whole}/${RUN}`;
    return { name, before, saved, args, whole: run, operations };
  };
  await Deno.mkdir(place.file("data", "runs"), { recursive: true });
  const train = await phase("train", nothing, 0, trainArgs);
  const after = place.file("after-train");
  return [train, await phase("resume", after, first, resumeArgs)];
}

/** A workplace as it is before a phase. */
export async function placeBefore({ before }: Phase): Promise<Workplace> {
  const place = new Workplace();
  await copyFolder(before, place.file("data", "runs"));
  return place;
}

/**
 * How many epochs the operations of a log have saved before the first that failed,
 * those before the phase included: every epoch's checkpoint takes its place by a
 * renaming. (After a failure the same epoch may be saved once more.)
 */
export function epochsSavedBy(
  log: string,
  { saved }: Pick<Phase, "saved">,
): number {
  const all = operationsIn(log);
  const failed = all.findIndex(({ end }) =>
    end.startsWith("fail:") || end === String(ERRNO.ENOSPC)
  );
  const before = failed < 0 ? all : all.slice(0, failed);
  const name = `${RUN}/model.safetensors`;
  return saved +
    before.filter((one) =>
      one.class === "rename" && one.path === name && one.end === "0"
    ).length;
}

/** The flags that go on with the run, or begin it anew where nothing was saved. */
export function argsToGoOn(phase: Phase, hasCheckpoint: boolean): string[] {
  const { args } = phase;
  if (!hasCheckpoint || phase.name === "resume") return [...args];
  return [...RESUME, `--run=${RUN}`];
}
