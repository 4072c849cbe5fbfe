/**
 * Commands as a user who may not write everywhere: root may.
 *
 * @module
 */

import { assert } from "@std/assert";
import { join } from "@std/path";
import type { StartOptions } from "./workplace.ts";

/** "nobody", who owns nothing. */
const USER = 65534;

/**
 * A user whose permissions count: another one where this is root, else this one.
 * A `using` block ends with what was made for them removed.
 */
export class OtherUser implements AsyncDisposable {
  /** How a process is started as this user. */
  readonly options: StartOptions;
  readonly #denoFolder?: string;

  private constructor(options: StartOptions, denoFolder?: string) {
    this.options = options;
    this.#denoFolder = denoFolder;
  }

  /** Finds the user, and makes a cache of Deno's for them. */
  static async find(): Promise<OtherUser> {
    if (Deno.uid() !== 0) return new OtherUser({});
    const prefix = [
      "setpriv",
      ...[`--reuid=${USER}`, `--regid=${USER}`, "--clear-groups"],
    ];
    const folder = await Deno.makeTempDir({ prefix: "weena-deno-" });
    await copyPackages(folder);
    await Deno.chown(folder, USER, USER);
    const options = { prefix, env: { DENO_DIR: folder } };
    return new OtherUser(options, folder);
  }

  /** Runs a command; whether it succeeded. */
  async succeeds(...command: string[]): Promise<boolean> {
    const [program, ...args] = [...this.options.prefix ?? [], ...command];
    const { success } = await new Deno.Command(program, {
      args,
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  }

  /** Makes a folder theirs, with all that is in it. */
  async own(folder: string): Promise<void> {
    if (Deno.uid() !== 0) return;
    const args = ["-R", `${USER}:${USER}`, folder];
    const { success } = await new Deno.Command("chown", { args }).output();
    assert(success, `chown of ${folder} failed`);
  }

  /** Throws an AssertionError if they can write into a folder. */
  async assertCannotWrite(folder: string): Promise<void> {
    const file = join(folder, "written");
    assert(
      !await this.succeeds("touch", file),
      `a plain write into ${folder} succeeded, so nothing would be proved`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const folder = this.#denoFolder;
    if (folder) await Deno.remove(folder, { recursive: true });
  }
}

/** Gives a folder of Deno's the packages of this user's. */
async function copyPackages(denoFolder: string): Promise<void> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json"],
  }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout));
  // Links are quicker, where both are on one file system.
  for (const how of ["-rl", "-r"]) {
    const args = [how, npmCache, join(denoFolder, "npm")];
    const { success } = await new Deno.Command("cp", {
      args,
      stderr: "null",
    }).output();
    if (success) return;
  }
  throw new Error(`cannot copy ${npmCache} to ${denoFolder}`);
}
