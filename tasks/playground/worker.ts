/**
 * The worker: answers the page's calls, one function for each.
 *
 * @module
 */

import "../bundle/older_engines.ts";
import type { CallName, Calls, Message, Question } from "./protocol.ts";
import { Session } from "./session.ts";

type Answers = {
  readonly [Name in CallName]: (
    ask: Calls[Name]["ask"],
  ) => Promise<Calls[Name]["answer"]> | Calls[Name]["answer"];
};

const session = new Session((notice) => send({ notice }));

const ANSWERS: Answers = {
  open: ({ device }) => session.open(device),
  train: ({ text, settings }) => session.train(text, settings),
  resume: ({ text }) => session.resume(text),
  stop: () => session.stop(),
  write: (request) => session.write(request),
  save: () => session.save(),
  load: ({ bytes }) => session.load(bytes),
};

addEventListener("message", async ({ data }: MessageEvent<Question>) => {
  const { id, name, ask } = data;
  try {
    // A question's name and what it asks belong together: see `Question`.
    const answer = await ANSWERS[name](ask as never);
    send({ id, answer });
  } catch (error) {
    send({ id, error: error instanceof Error ? error.message : String(error) });
  }
});

function send(message: Message): void {
  postMessage(message);
}
