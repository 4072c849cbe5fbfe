import { canRead, canRunCommands, needs } from "./access.ts";
import { torture as failAtOperation } from "./torture/fail_at_operation.ts";
import { torture as kill } from "./torture/kill.ts";
import { torture as killAtOperation } from "./torture/kill_at_operation.ts";
import { torture as pairs } from "./torture/pairs.ts";
import { torture as pipes } from "./torture/pipes.ts";
import { torture as signals } from "./torture/signals.ts";
import type { Torture } from "./torture/tools/torture.ts";

/** Some trials of the cases of `deno task torture`: from a seed on, so many. */
const SOME: readonly [one: Torture, seed: number, count: number][] = [
  [kill, 1, 10],
  [killAtOperation, 56, 12], // the second save, from its temporary file on
  [failAtOperation, 178, 20], // the last save, from its beginning on
  [signals, 1, 5],
  [pipes, 2, 1], // train --json | head -2
  [pipes, 6, 1], // train --json > /dev/full
  [pipes, 16, 1], // SIGINT where nobody reads
  [pairs, 1, 2],
];

const needsAll = needs(
  "Linux, gcc, and permission to run commands: deno task test",
  Deno.build.os === "linux" && canRead("/usr/bin/gcc") && canRunCommands(),
);

for (const [{ name, summary, run }, seed, count] of SOME) {
  Deno.test({
    ...needsAll(`torture, ${name} from ${seed}, ${count}: ${summary}`),
    fn: () => run({ seed, count, say: () => {} }),
  });
}
