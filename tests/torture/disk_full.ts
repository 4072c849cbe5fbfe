import { assert, assertStringIncludes } from "@std/assert";
import { faultVariables } from "./tools/faults.ts";
import { assertOneError } from "./tools/messages.ts";
import { epochsSavedBy, RUN } from "./tools/operations.ts";
import {
  assertSameRun,
  bytesOf,
  hasCheckpoint,
  savedEpochs,
} from "./tools/run_state.ts";
import { succeeds } from "../succeeds.ts";
import type { Torture, TortureOptions } from "./tools/torture.ts";
import { trials } from "./tools/torture.ts";
import { OFTEN, RESUME, SMALL, Workplace } from "./tools/workplace.ts";

/** The case. */
export const torture: Torture = {
  name: "disk-full",
  summary:
    "a disk that has room for 1/4, 2/4, 3/4, ... of a checkpoint is full " +
    "during a training of four saves, then is given room",
  count: 23,
  run,
};

const EPOCHS = 4;

/** Large enough that its checkpoints fill the disk, and not the lines beside them. */
const ARGS = [...SMALL, "--hidden-size=64", OFTEN, `--epochs=${EPOCHS}`]
  .filter((flag) => flag !== "--hidden-size=8");

async function run(options: TortureOptions): Promise<void> {
  using place = new Workplace();
  await place.succeed("train", [...ARGS, `--run=${RUN}`]);
  const whole = place.run(RUN);
  const size = bytesOf(`${whole}/model.safetensors`)!.length;
  const failedAfter = new Set<number>();
  await trials(options, async (seed) => {
    const saves = await fill(seed, Math.round(seed % 24 * size / 4), whole);
    if (saves !== undefined) failedAfter.add(saves);
  });
  options.say(
    `it was full after ${
      [...failedAfter].sort().join(", ")
    } of ${EPOCHS} saves`,
  );
  if (options.count < torture.count) return;
  assert(failedAfter.has(2), "no disk was filled by the third save");
}

/** Trains on a small disk, then with room; after how many saves it was full. */
async function fill(
  seed: number,
  bytes: number,
  whole: string,
): Promise<number | undefined> {
  using place = new Workplace();
  using disk = await SmallDisk.mount(place.file("data"), bytes);
  const folder = place.run(RUN), log = place.file("log");
  const args = [...ARGS, `--run=${RUN}`];
  const space = disk.isMounted ? {} : { space: bytes };
  const env = await faultVariables(place.file("data", "runs"), space, log);
  const full = await place.finish("train", args, { env });
  const what = `a disk of ${bytes} bytes`;
  if (full.code === 0) {
    assertSameRun(folder, whole, what);
    return undefined;
  }
  const message = assertOneError(full, [7], what);
  assertStringIncludes(message, "data/", `${what}: no path in the message`);
  const phase = { saved: 0 };
  const saved = await savedEpochs(folder), least = epochsSavedBy(log, phase);
  assert(
    saved >= least,
    `${what}: epoch ${least} was saved, ${saved} is left; ${full.stderr}`,
  );
  await disk.makeRoom();
  const goOn = hasCheckpoint(folder) ? [...RESUME, `--run=${RUN}`] : args;
  const ended = await place.finish("train", goOn);
  assert(ended.code === 0, `${what}, then ${goOn[0]}: ${ended.stderr}`);
  assertSameRun(folder, whole, `${what}, seed ${seed}`);
  return saved;
}

/** A file system of a given size in memory, where this user may mount one. */
class SmallDisk implements Disposable {
  readonly isMounted: boolean;
  readonly #folder: string;

  private constructor(folder: string, isMounted: boolean) {
    this.#folder = folder;
    this.isMounted = isMounted;
  }

  /** Mounts it on a folder, which is made. */
  static async mount(folder: string, bytes: number): Promise<SmallDisk> {
    await Deno.mkdir(folder);
    // Whole pages; 0 would stand for half of the memory.
    const size = Math.max(1, Math.ceil(bytes / 4096)) * 4096;
    return new SmallDisk(
      folder,
      await mount("-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder),
    );
  }

  /** Gives it 64 MB. */
  async makeRoom(): Promise<void> {
    if (!this.isMounted) return;
    const done = await mount("-o", "remount,size=64m", this.#folder);
    assert(done, `mount: ${this.#folder} cannot be given room`);
  }

  [Symbol.dispose](): void {
    if (!this.isMounted) return;
    new Deno.Command("umount", { args: [this.#folder] }).outputSync();
  }
}

/** Calls mount(8); whether that worked. */
async function mount(...args: string[]): Promise<boolean> {
  return await succeeds("mount", ...args);
}
