import type { TokenIds } from "../text/token_ids.ts";
import type { ModelInTraining, Start } from "./model_in_training.ts";
import type { Pace } from "./pace.ts";
import { schedule, takeChunk } from "./schedule.ts";

/**
 * Trains a model again from a start until it has had so many updates, which gives the
 * same numbers as the first time.
 */
export async function trainAgain(
  model: ModelInTraining,
  ids: TokenIds,
  start: Start,
  updates: number,
  pace: Pace,
): Promise<void> {
  model.restore(start);
  const minibatches = schedule(ids, start.training, start.progress);
  let done = start.resumeData?.updates ?? 0;
  while (done < updates) {
    const size = Math.min(pace.size, updates - done);
    const chunk = takeChunk(minibatches, size, () => false);
    await pace.timed(() => model.run(chunk, done));
    done += chunk.length;
    await pace.turn();
  }
}
