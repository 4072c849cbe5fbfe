/**
 * What a test may reach, asked without a prompt. Bare `deno test` grants nothing;
 * in CI nothing may be missing.
 *
 * @module
 */

/** Whether this is CI, where what is missing is a failure and not a skip. */
export const inCI: boolean = env("CI") === "true";

/** An environment variable, or undefined where it is unset or may not be read. */
export function env(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}

/** Whether a file or folder is there and may be read. */
export function canRead(path: string | URL): boolean {
  const { state } = Deno.permissions.querySync({ name: "read", path });
  if (state !== "granted") return false;
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Whether commands may be run and files written. */
export function canRunCommands(): boolean {
  return (["run", "write", "read"] as const).every((name) =>
    Deno.permissions.querySync({ name }).state === "granted"
  );
}

/**
 * Settings of a test that needs something: ignored with its reason where that is
 * missing, and in CI run all the same, so that it fails there.
 */
export function needs(
  what: string,
  isThere: boolean,
): (name: string) => { name: string; ignore: boolean } {
  return (name) =>
    isThere || inCI
      ? { name, ignore: false }
      : { name: `${name} (ignored: needs ${what})`, ignore: true };
}

/** Settings of a test that runs commands. */
export const needsCommands = needs(
  "permission to run commands: deno task test",
  canRunCommands(),
);

/** The Time Machine, where it has been downloaded. */
export const TIME_MACHINE = new URL("../data/timemachine.txt", import.meta.url);

/** Settings of a test that needs The Time Machine. */
export const needsTimeMachine = needs(
  "data/timemachine.txt: deno task download",
  canRead(TIME_MACHINE),
);
