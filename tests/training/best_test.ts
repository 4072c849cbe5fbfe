import { assert, assertEquals } from "@std/assert";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import type { Backend } from "../../lib/backend/backend.ts";
import { tokenize } from "../../lib/tokenize.ts";
import { resume, train, type TrainOptions } from "../../lib/train.ts";
import { BestModel, isBetter } from "../../lib/training/best.ts";
import {
  decodeCheckpoint,
  encodeCheckpoint,
} from "../../lib/training/checkpoint.ts";
import { Snapshots } from "../../lib/training/snapshot.ts";
import { CPUS } from "../backend/devices.ts";
import { withOps } from "../backend/wrap.ts";
import { run, tickingClock } from "./run.ts";

const TEXT =
  "the time traveller for so it will be convenient to speak of him " +
  "was expounding a recondite matter to us his grey eyes shone";
const CORPUS = tokenize(TEXT, { validation: 0.2 });
const { validation: _, ...UNDIVIDED } = CORPUS;

const SMALL: TrainOptions = {
  hiddenSize: 6,
  batchSize: 1,
  numSteps: 8,
  epochs: 12,
  init: "uniform",
};

Deno.test("NaN and infinity are never better, and anything finite is better than nothing", () => {
  const best = { epoch: 1, loss: 2 };
  for (const loss of [NaN, Infinity, 2, 3]) assert(!isBetter(loss, best));
  for (const loss of [NaN, Infinity, -Infinity]) {
    assert(!isBetter(loss, undefined));
  }
  assert(isBetter(1.9, best) && isBetter(9, undefined));
});

/** More steps than the text held out has: it is measured in one piece. */
const MEASURED: TrainOptions = { ...SMALL, numSteps: 30 };

/** A backend on which the held-out text has these losses, one epoch after another. */
function withLosses(losses: readonly number[]): Backend {
  const backend = openReference();
  const left = [...losses];
  const steps = CORPUS.validation!.length - 1;
  return withOps(backend, (ops) => ({
    head: (x) => {
      ops.head(x);
      if (!x.loss || x.targets?.shape[0] !== steps) return;
      ops.fill({ tensor: x.loss, value: left.shift()! });
    },
  }));
}

Deno.test("a validation loss that is not finite is never the best, before or after a better one", async () => {
  for (
    const [losses, expected] of [
      [[NaN, 2, 1.5, NaN, 9], 3],
      [[2, NaN, 3, NaN, 9], 1],
      [[Infinity, NaN, 2.5, 2.6, NaN], 3],
      [[1, Infinity, NaN, Infinity, NaN], 1],
    ] as const
  ) {
    const options = { ...MEASURED, epochs: 5, clock: tickingClock(1e6) };
    for (const cut of [undefined, 1, 2, 4]) {
      using backend = withLosses(losses);
      const controller = new AbortController();
      const { signal } = controller;
      let bytes: Uint8Array | undefined, bestEpoch = 0;
      for await (
        const event of train(CORPUS, backend, { ...options, signal })
      ) {
        if (event.type === "epoch" && event.epoch === cut) controller.abort();
        if (event.type !== "checkpoint") continue;
        if (event.reason === "best") {
          bestEpoch = event.checkpoint.progress.epochs;
        } else bytes = await encodeCheckpoint(event.checkpoint);
      }
      if (cut !== undefined) {
        const checkpoint = await decodeCheckpoint(bytes!);
        const { epochs } = checkpoint.progress;
        using rest = withLosses(losses.slice(epochs));
        for await (const event of resume(checkpoint, CORPUS, rest)) {
          if (event.type !== "checkpoint") continue;
          if (event.reason === "best") {
            bestEpoch = event.checkpoint.progress.epochs;
          } else {
            assertEquals(event.checkpoint.resumeData!.best!.epoch, expected);
          }
        }
      }
      assertEquals(bestEpoch, expected, `${losses} cut after ${cut}`);
    }
  }
});

Deno.test("patience ends a training whose validation loss is never finite", async () => {
  using backend = withLosses(new Array(50).fill(NaN));
  const { epochs, bests } = await run(CORPUS, backend, {
    ...MEASURED,
    epochs: 50,
    patience: 3,
  });
  assertEquals([epochs.length, bests.length], [3, 0]);
});

for (const { name, open, ignore } of [CPUS[0]]) {
  Deno.test({
    name:
      `${name}: the best model by training loss is that of its epoch's end, however the work is cut up`,
    ignore: ignore !== undefined,
    fn: async () => {
      using backend = await open();
      // Large steps: it gets better and worse.
      const options = {
        ...SMALL,
        epochs: 30,
        learningRate: 1,
        clipNorm: 0,
        seed: 3,
      };
      const bytes = new Set<string>();
      for (const clock of [tickingClock(0), tickingClock(1e6)]) {
        const { epochs, bests } = await run(UNDIVIDED, backend, {
          ...options,
          clock,
        });
        const losses = epochs.map(({ loss }) => loss);
        const best = losses.indexOf(Math.min(...losses)) + 1;
        assert(best > 1 && best < 30, `the best is not in the midst: ${best}`);
        assertEquals(bests.length, 1, "one, before the last");
        assertEquals(bests[0].progress.epochs, best);
        assertEquals(bests[0].resumeData!.best, {
          epoch: best,
          loss: losses[best - 1],
        });
        bytes.add((await encodeCheckpoint(bests[0])).toHex());
        // A training of so many epochs ends with the same weights.
        const shorter = await run(UNDIVIDED, backend, {
          ...options,
          epochs: best,
        });
        const { training } = bests[0];
        assertEquals(
          await encodeCheckpoint({ ...shorter.checkpoint, training }),
          await encodeCheckpoint(bests[0]),
        );
      }
      assertEquals(bytes.size, 1);
    },
  });
}

Deno.test("a small model waits on its device, a large one in memory, and each is what it was", async () => {
  using backend = openReference({ precision: "float32" });
  for (const [size, ahead] of [[5, 16], [2 ** 22, 3], [2 ** 24 + 1, 0]]) {
    const tensor = backend.allocate([size]);
    const fill = (value: number) => backend.ops.fill({ tensor, value });
    let reads = 0;
    using snapshots = new Snapshots(backend, [tensor]);
    const model = new BestModel(
      snapshots,
      async (moment: string, { tensors: [from] } = { tensors: [tensor] }) => {
        reads++;
        return `${moment} ${(await backend.read(from))[size - 1]}`;
      },
    );
    assertEquals(model.roomAhead, ahead);
    assertEquals(await model.take(), undefined);
    fill(1);
    await model.keep("now");
    assertEquals(model.roomAhead, ahead);
    fill(2);
    assertEquals(
      reads,
      ahead > 0 ? 0 : 1,
      "nothing is read before its time",
    );
    assertEquals([await model.take(), await model.take()], [
      "now 1",
      undefined,
    ]);
    const ends = [3, 4].slice(0, ahead).map((value) => {
      fill(value);
      return snapshots.take()!;
    });
    fill(9);
    await model.keep("later");
    if (ends.length > 1) {
      await model.keep("at the first end", ends[0]);
      assertEquals(await model.take(), "at the first end 3");
      await model.keep("at the second end", ends[1]);
      assertEquals(await model.take(), "at the second end 4");
      assertEquals(model.roomAhead, ahead, "all are released");
    } else {
      assertEquals(await model.take(), "later 9");
    }
    backend.free(tensor);
  }
});
