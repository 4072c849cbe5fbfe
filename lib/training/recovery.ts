/**
 * Training that goes on, on a new device, when its device is lost.
 *
 * @module
 */

import type { Backend } from "../backend/backend.ts";
import { DeviceError } from "../backend/device_error.ts";
import type { TrainEvent } from "./events.ts";
import { type Start, startFrom } from "./model_in_training.ts";
import type { Clock } from "./pace.ts";
import type { Progress } from "./progress.ts";

/** How many devices may be lost within so many milliseconds. */
const MOST_LOSSES = 3, WITHIN = 60_000;

/** How a training recovers. */
export interface RecoveryOptions {
  /** Opens a new device in place of one that is lost. Default: the loss is thrown. */
  readonly reopen?: (loss: DeviceError) => Promise<Backend>;
  readonly clock: Clock;
}

/**
 * The events of a training, each of them once. When its device is lost, what was
 * trained since the last checkpoint is trained again on a new one: on a device of the
 * same kind that gives the same numbers.
 *
 * @param begin Trains from a start on.
 * @throws {DeviceError} The fourth loss within a minute, or the one after which no new
 * device can be opened.
 */
export async function* withRecovery(
  begin: (start: Start, backend: Backend) => AsyncIterable<TrainEvent>,
  start: Start,
  backend: Backend,
  { reopen, clock }: RecoveryOptions,
): AsyncGenerator<TrainEvent, void> {
  const isNews = news(start.progress);
  let losses: number[] = [];
  for (;;) {
    try {
      for await (const event of begin(start, backend)) {
        if (event.type === "checkpoint" && event.reason !== "best") {
          start = startFrom(event.checkpoint);
        }
        if (isNews(event)) yield event;
      }
      return;
    } catch (error) {
      const isLoss = error instanceof DeviceError && error.kind === "lost";
      if (!isLoss || !reopen) throw error;
      const now = clock();
      losses = [...losses.filter((at) => now - at < WITHIN), now];
      if (losses.length > MOST_LOSSES) throw error;
      backend = await reopened(error, reopen);
    }
  }
}

/** A new device or, if none can be opened, the loss of the one before, and why. */
async function reopened(
  loss: DeviceError,
  reopen: (loss: DeviceError) => Promise<Backend>,
): Promise<Backend> {
  try {
    return await reopen(loss);
  } catch (cause) {
    if (!(cause instanceof DeviceError)) throw cause;
    const message = `${loss.message}. ${cause.message}`;
    throw new DeviceError("lost", message, { cause });
  }
}

/** Tells the events that have not been told from those that come a second time. */
function news({ epochs, tokens }: Progress): (event: TrainEvent) => boolean {
  const told = { epoch: epochs, sample: epochs, progress: tokens };
  const isFurther = (type: keyof typeof told, at: number) => {
    if (at <= told[type]) return false;
    told[type] = at;
    return true;
  };
  return (event) => {
    switch (event.type) {
      case "epoch":
      case "sample":
        return isFurther(event.type, event.epoch);
      case "progress":
        return isFurther(event.type, event.progress.tokens);
      case "checkpoint": // what follows is trained from it, so that it comes once
        return true;
    }
  };
}
