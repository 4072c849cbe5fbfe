import { assert, assertEquals } from "@std/assert";
import { faultVariables } from "./tools/faults.ts";
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
  checkpointOf,
  hasCheckpoint,
  savedEpochs,
} from "./tools/run_state.ts";
import type { Torture, TortureOptions } from "./tools/torture.ts";
import { trialsOf } from "./tools/torture.ts";
import { Workplace } from "./tools/workplace.ts";

/** The case. */
export const torture: Torture = {
  name: "kill-at-operation",
  summary: "kill -9 at every file operation of a training that saves three " +
    "times, and of it resumed; in the midst of every write, too",
  count: 1000,
  run,
};

async function run(options: TortureOptions): Promise<void> {
  using place = new Workplace();
  const phases = await listedPhases(place);
  const all = phases.flatMap((phase) =>
    phase.operations.flatMap(({ number, class: kind }) =>
      (kind === "write" ? ["kill", "tear"] : ["kill"])
        .map((action) => ({ phase, at: number, action }))
    )
  );
  options.say(`${all.length} places`);
  await trialsOf(
    options,
    all,
    ({ phase, at, action }) => killAt(phase, at, action),
  );
}

async function killAt(
  phase: Phase,
  at: number,
  action: string,
): Promise<void> {
  using place = await placeBefore(phase);
  const folder = place.run(RUN), log = place.file("log");
  const { class: kind, path } = phase.operations[at - 1];
  const what = `${phase.name}, ${action} at ${at}, ${kind} ${path}`;
  const fault = { at, action };
  const env = await faultVariables(place.file("data", "runs"), fault, log);
  const killed = await place.finish("train", phase.args, { env });
  assertEquals(killed.signal, "SIGKILL", `${what}: it was not killed`);
  const saved = await savedEpochs(folder), least = epochsSavedBy(log, phase);
  assert(saved >= least, `${what}: epoch ${least} was saved, ${saved} is left`);
  await checkpointOf(folder, "best"); // sound, or not there
  const goOn = argsToGoOn(phase, hasCheckpoint(folder));
  const ended = await place.finish("train", goOn);
  assertEquals(
    ended.code,
    0,
    `${what}, then ${goOn[0]}: ${ended.stderr}`,
  );
  assertSameRun(folder, phase.whole, what);
}
