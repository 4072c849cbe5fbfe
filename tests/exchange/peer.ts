/**
 * PyTorch, where this machine has it.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";
import { canRunCommands } from "../access.ts";

const SCRIPT = fromFileUrl(new URL("../peers/pytorch.py", import.meta.url));

/** Fails where a module is missing; importing them would take seconds. */
const FIND = "import sys; from importlib.util import find_spec; " +
  "sys.exit(not all(map(find_spec, ['torch', 'numpy'])))";

/** A Python that has PyTorch and NumPy; undefined where there is none. */
export const PYTHON: string | undefined = canRunCommands()
  ? ["python3", "/usr/bin/python3"].find((command) => {
    try {
      const { success } = new Deno.Command(command, {
        args: ["-c", FIND],
        stdout: "null",
        stderr: "null",
      }).outputSync();
      return success;
    } catch {
      return false; // there is no such command
    }
  })
  : undefined;

/** Settings of a test that needs PyTorch: ignored where it is not, in CI, too. */
export function needsPyTorch(name: string): { name: string; ignore: boolean } {
  return PYTHON
    ? { name, ignore: false }
    : { name: `${name} (ignored: needs Python with PyTorch)`, ignore: true };
}

/** Runs tests/peers/pytorch.py; what it prints is JSON, or nothing. */
export async function pytorch(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await new Deno.Command(PYTHON!, {
    args: [SCRIPT, ...args],
    env: { OMP_NUM_THREADS: "1" },
  }).output();
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(decoder.decode(stderr));
  const text = decoder.decode(stdout);
  return text === "" ? undefined : JSON.parse(text);
}
