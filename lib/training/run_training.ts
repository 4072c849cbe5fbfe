import type { Backend } from "../backend/backend.ts";
import type { Corpus } from "../text/corpus.ts";
import type { TrainEvent } from "./events.ts";
import type { Start } from "./model_in_training.ts";
import { monotonicClock } from "./pace.ts";
import { withRecovery } from "./recovery.ts";
import { type Loop, Trainer } from "./trainer.ts";

/** Trains from `start` to the last epoch, or until the signal. */
export function runTraining(
  corpus: Corpus,
  backend: Backend,
  start: Start,
  loop: Loop,
): AsyncGenerator<TrainEvent, void> {
  async function* begin(start: Start, backend: Backend) {
    using trainer = new Trainer(corpus, backend, start, loop);
    yield* trainer.run();
  }
  const { reopen, clock = monotonicClock } = loop;
  return withRecovery(begin, start, backend, { reopen, clock });
}
