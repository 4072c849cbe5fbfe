import { exportWeights, loadingLines } from "../lib/exchange/export_weights.ts";
import { exists, writeWhole } from "./cli/files.ts";
import type { Command, Flags, TextFlag } from "./cli/command.ts";
import { UsageError } from "./cli/flags.ts";
import { EXIT, TaskError } from "./cli/exit.ts";
import { runTask } from "./cli/run_task.ts";
import { loadModel, MODEL_FLAGS } from "./cli/chosen_model.ts";
import { out, say } from "./cli/terminal.ts";
import { grouped } from "./shared/grouped.ts";

export const command = {
  name: "export",
  details:
    "The safetensors file contains only the weights, under the names that " +
    "PyTorch's modules give them. How to load it in PyTorch is printed.",
  flags: {
    ...MODEL_FLAGS,
    output: {
      kind: "text",
      value: "PATH",
      help: "the file to write; required",
    } as TextFlag,
    force: { kind: "switch", help: "replace an existing --output" },
  },
  examples: [
    "deno task export --output model.safetensors",
    "deno task export --run time-machine-1 --output model.safetensors --force",
  ],
} as const satisfies Command<Flags>;

export async function run(args: readonly string[]): Promise<never> {
  return await runTask(command, args, async ({ output, force, ...flags }) => {
    if (output === undefined) {
      throw new UsageError(
        "choose where to write the weights, for example --output " +
          "model.safetensors",
      );
    }
    const { path, model } = await loadModel(flags);
    if (!force && await exists(output)) {
      throw new TaskError(
        EXIT.files,
        `${output} already exists: --force replaces it`,
      );
    }
    const bytes = exportWeights(model);
    await writeWhole(output, bytes);
    out(`${path} to ${output}, ${grouped(bytes.length)} bytes\n`);
    say("to load it in Python:");
    for (const line of loadingLines(model.config, output)) say(line);
  });
}

if (import.meta.main) await run(Deno.args);
