import { generate } from "../lib/generate.ts";
import { encodePrefix } from "../lib/text/prefix.ts";
import { DEVICE_FLAGS, openDevice } from "./cli/device.ts";
import type { Command, Flags, TextFlag } from "./cli/flags.ts";
import { UsageError } from "./cli/flags.ts";
import { runTask } from "./cli/run_task.ts";
import { loadCheckpoint, MODEL_FLAGS } from "./cli/runs.ts";
import { jsonLine, out } from "./cli/terminal.ts";

/** The table of flags. */
export const command = {
  name: "generate",
  summary:
    "Continues a prefix with a trained model, each time with the likeliest " +
    "token. The text goes to stdout, and nothing else.",
  flags: {
    prefix: {
      kind: "text",
      value: "TEXT",
      mayBeEmpty: true,
      help: "what the text begins with; needed",
    } as TextFlag,
    length: {
      kind: "integer",
      least: 0,
      default: 50,
      help: "tokens to add",
    },
    ...MODEL_FLAGS,
    ...DEVICE_FLAGS,
    json: { kind: "switch", help: "print one JSON object" },
  },
  examples: [
    'deno task generate --prefix "traveller"',
    'deno task generate --prefix "time traveller" --length 200 --run time-machine-1',
  ],
} as const satisfies Command<Flags>;

if (import.meta.main) {
  await runTask(command, async ({ prefix, length, json, ...flags }) => {
    if (prefix === undefined) {
      throw new UsageError(
        'what is the text to begin with? For example --prefix "traveller"',
      );
    }
    const { path, checkpoint } = await loadCheckpoint(flags);
    encodePrefix(checkpoint, prefix); // a bad prefix ends here
    using backend = await openDevice(flags);
    let text = "";
    for await (
      const piece of generate(checkpoint, prefix, backend, { length })
    ) {
      text += piece;
      if (!json) out(piece);
    }
    out(
      json
        ? jsonLine({
          checkpoint: path,
          prefix,
          text,
          device: backend.description,
        })
        : "\n",
    );
  });
}
