import { assert, assertEquals } from "@std/assert";
import sample from "../data/sample.txt" with { type: "text" };
import { generate } from "../lib/generate.ts";
import type { Checkpoint } from "../lib/training/checkpoint.ts";
import { tokenize } from "../lib/tokenize.ts";
import { train } from "../lib/train.ts";
import { CPUS } from "./backend/devices.ts";

Deno.test("20 epochs on 1, 2 and 3 threads give the same bytes of weights", async () => {
  const corpus = tokenize(sample, { normalize: "letters", maxTokens: 3000 });
  const options = { hiddenSize: 72, batchSize: 13, numSteps: 20, epochs: 20 };
  const results: { checkpoint: Checkpoint; losses: number[]; text: string }[] =
    [];
  for (const { open } of CPUS) {
    using backend = await open();
    const losses: number[] = [];
    for await (const event of train(corpus, backend, options)) {
      if (event.type === "epoch") {
        losses.push(...event.losses);
      }
      if (event.type !== "checkpoint") continue;
      const { checkpoint } = event;
      let text = "";
      for await (const piece of generate(checkpoint, "traveller", backend)) {
        text += piece;
      }
      results.push({ checkpoint, losses, text });
    }
  }
  const [one, ...others] = results;
  assert(one.losses.length >= 20 * 10);
  for (const other of others) {
    assertEquals(other.losses, one.losses);
    assertEquals(other.checkpoint.parameters, one.checkpoint.parameters);
    assertEquals(other.text, one.text);
  }
});
