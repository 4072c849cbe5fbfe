import { assert, assertStringIncludes } from "@std/assert";
import { ERRNO, faultVariables, operationsIn } from "./tools/faults.ts";
import { assertNoTrace, assertOneError } from "./tools/messages.ts";
import {
  argsToGoOn,
  epochsSavedBy,
  listedPhases,
  type Phase,
  placeBefore,
  RUN,
} from "./tools/operations.ts";
import {
  assertSameRun,
  bytesOf,
  checkpointOf,
  hasCheckpoint,
  savedEpochs,
} from "./tools/run_state.ts";
import type { Torture, TortureOptions } from "./tools/torture.ts";
import { trialsOf } from "./tools/torture.ts";
import { Workplace } from "./tools/workplace.ts";

/** The case. */
export const torture: Torture = {
  name: "fail-at-operation",
  summary:
    "every file operation of a training that saves three times, and of " +
    "it resumed, fails with ENOSPC, EIO and EACCES",
  count: 1000,
  run,
};

type ErrorName = keyof typeof ERRNO;

async function run(options: TortureOptions): Promise<void> {
  using place = new Workplace();
  const phases = await listedPhases(place);
  const errors = Object.keys(ERRNO) as ErrorName[];
  const all = phases.flatMap((phase) =>
    phase.operations.flatMap(({ number }) =>
      errors.map((error) => ({ phase, at: number, error }))
    )
  );
  options.say(`${all.length} failures`);
  await trialsOf(
    options,
    all,
    ({ phase, at, error }) => failAt(phase, at, error),
  );
  await trialsOf({ ...options, seed: 1 }, phases, writesThatAreShort);
}

async function failAt(
  phase: Phase,
  at: number,
  error: ErrorName,
): Promise<void> {
  using place = await placeBefore(phase);
  const folder = place.run(RUN), log = place.file("log");
  const { class: kind, path } = phase.operations[at - 1];
  const what = `${phase.name}, ${error} at ${at}, ${kind} ${path}`;
  const fault = { at, action: `fail:${ERRNO[error]}` };
  const env = await faultVariables(place.file("data", "runs"), fault, log);
  const failed = await place.finish("train", phase.args, { env });
  const saved = await savedEpochs(folder), least = epochsSavedBy(log, phase);
  assert(
    saved >= least,
    `${what}: epoch ${least} was saved, ${saved} is left; ${failed.code}, ` +
      failed.stderr,
  );
  const hadBest =
    operationsIn(log).some(({ class: kind, path, end }) =>
      kind === "rename" && path === `${RUN}/best.safetensors` && end === "0"
    ) || bytesOf(`${phase.before}/${RUN}/best.safetensors`) !== undefined;
  const best = await checkpointOf(folder, "best");
  assert(best || !hadBest, `${what}: the best model is gone`);
  if (failed.code === 0) {
    // Nothing that is promised hangs on it: the rest has to be as it should be.
    assertNoTrace(failed, what);
  } else {
    const codes = kind === "lock" ? [7, 8] : [7];
    const message = assertOneError(failed, codes, what);
    assertStringIncludes(message, RUN, `${what}: no path in the message`);
    const goOn = argsToGoOn(phase, hasCheckpoint(folder));
    const ended = await place.finish("train", goOn);
    assert(ended.code === 0, `${what}, then ${goOn[0]}: ${ended.stderr}`);
  }
  assertSameRun(folder, phase.whole, what);
}

/** A write that takes only a part of what it is given is no failure. */
async function writesThatAreShort(phase: Phase): Promise<void> {
  using place = await placeBefore(phase);
  const env = await faultVariables(place.file("data", "runs"), {
    isShort: true,
  });
  await place.succeed("train", phase.args, { env });
  assertSameRun(place.run(RUN), phase.whole, `${phase.name}, short writes`);
}
