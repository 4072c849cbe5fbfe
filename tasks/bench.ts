import type { Backend } from "../lib/backend/backend.ts";
import {
  chooseDevice,
  DEVICE_NAMES,
  type DeviceName,
  openBackend,
} from "../lib/backend/open.ts";
import { CELL_NAMES } from "../lib/model/cells.ts";
import { benchGeneration, type GenerationResult } from "./bench/generation.ts";
import { median, time } from "./bench/measure.ts";
import { alternate, type Pair } from "./bench/peer.ts";
import { benchPhases, type PhasesResult } from "./bench/phases.ts";
import { benchProducts, type ProductResult } from "./bench/products.ts";
import { benchTile } from "./bench/tile.ts";
import { benchTraining, type TrainingResult } from "./bench/training.ts";
import { type Sizes, TrainingModel } from "./bench/training_model.ts";
import {
  benchWebGPU,
  WEBGPU_FLAGS,
  WEBGPU_PARTS,
  type WebGPUPart,
} from "./bench/webgpu/bench_webgpu.ts";
import { webGPUTable } from "./bench/webgpu/tables.ts";
import type { Command, Flags, TextFlag, Values } from "./cli/command.ts";
import { choice } from "./cli/command.ts";
import { DEVICE_FLAGS } from "./cli/device.ts";
import { EXIT, TaskError } from "./cli/exit.ts";
import { UsageError } from "./cli/flags.ts";
import { PARTITION_FLAGS } from "./cli/partition_flags.ts";
import { runTask } from "./cli/run_task.ts";
import { clearStatus, jsonLine, out, status } from "./cli/terminal.ts";
import { MODEL_CONFIG_FLAGS } from "./cli/training_flags.ts";
import { grouped } from "./shared/grouped.ts";

/** The chapter's reach of backpropagation. */
const NUM_STEPS = 35;

type Device = Exclude<DeviceName, "auto">;

const DEVICES = DEVICE_NAMES.filter((name): name is Device => name !== "auto");

/** What is measured where no size is asked for. */
const GRID = {
  hiddenSizes: [64, 128, 256, 512, 1024],
  batchSizes: [1, 32, 128],
};

export const command = {
  name: "bench",
  details: "Each result is checked against the reference before it is timed.",
  flags: {
    device: choice(
      ["present", ...DEVICES],
      "present",
      "what to measure; present: the CPU, and a GPU if there is one",
    ),
    threads: DEVICE_FLAGS.threads,
    cell: choice(CELL_NAMES, "rnn", "the recurrent cell"),
    "hidden-size": {
      ...MODEL_CONFIG_FLAGS["hidden-size"],
      help: "one hidden size",
      standard: GRID.hiddenSizes.join(", "),
    },
    "batch-size": {
      ...PARTITION_FLAGS["batch-size"],
      help: "one batch size",
      standard: GRID.batchSizes.join(", "),
    },
    seconds: {
      kind: "number",
      least: 0,
      above: true,
      default: 0.5,
      help: "time for each measurement",
    },
    peer: {
      kind: "text",
      value: '"COMMAND"',
      help: "compare training with another program, measured alternately: a " +
        "command that prints JSON lines with a tokens_per_second field; " +
        "the environment variables CELL, HIDDEN_SIZE, BATCH_SIZE and " +
        "NUM_STEPS tell it the sizes",
    } as TextFlag,
    rounds: {
      kind: "integer",
      least: 1,
      default: 5,
      help: "how often to alternate with --peer",
    },
    ...WEBGPU_FLAGS,
    json: { kind: "switch", help: "print one JSON object per device" },
  },
  examples: [
    "deno task bench",
    "deno task bench --device cpu --hidden-size 512 --batch-size 32",
    "deno task bench --device cpu --cell lstm --peer 'python3 train.py $CELL'",
    "deno task bench --device webgpu --count --cell gru",
    "deno task bench --device webgpu --all",
  ],
} as const satisfies Command<Flags>;

export async function run(args: readonly string[]): Promise<never> {
  return await runTask(command, args, main);
}

async function main(flags: Values<typeof command.flags>): Promise<void> {
  const parts = new Set(WEBGPU_PARTS.filter((part) => flags[part]));
  if (parts.size > 0) return await measureWebGPU(parts, flags);
  for (const name of await devices(flags.device)) {
    let backend: Backend;
    try {
      backend = await openBackend(name, { threads: flags.threads });
    } catch (error) {
      throw new TaskError(EXIT.device, (error as Error).message);
    }
    using opened = backend;
    if (flags.peer !== undefined) await comparePeer(opened, flags.peer, flags);
    else await measureAll(opened, flags);
  }
}

async function devices(
  asked: "present" | Device,
): Promise<Device[]> {
  if (asked !== "present") return [asked];
  const { name } = await chooseDevice();
  return name === "cpu" ? ["cpu"] : ["cpu", name];
}

async function measureAll(
  backend: Backend,
  flags: Values<typeof command.flags>,
): Promise<void> {
  const { seconds } = flags;
  const hiddenSizes = one(flags["hidden-size"], GRID.hiddenSizes);
  const batchSizes = one(flags["batch-size"], GRID.batchSizes);
  const { cell } = flags;
  const chapter = chapterSizes(flags),
    { hiddenSize: H, batchSize: B } = chapter;
  const rows = NUM_STEPS * B;

  status("products ...");
  // What one thread could reach at best: the CPU's products are made of this.
  const tile = backend.name === "cpu" ? await benchTile(seconds) : undefined;
  const products: ProductResult[] = [];
  for (
    const sizes of [
      { rows: B, I: H, O: H }, // a recurrent step
      { rows, I: H, O: H }, // all steps: a weight's gradient
      { rows, I: H, O: 28 }, // the head
    ]
  ) products.push(...await benchProducts(backend, sizes, seconds));

  status("phases of a minibatch ...");
  const phases = await benchPhases(backend, chapter, seconds);

  const training: TrainingResult[] = [];
  for (const hiddenSize of hiddenSizes) {
    for (const batchSize of batchSizes) {
      status(`training: hidden ${hiddenSize}, batch ${batchSize} ...`);
      const sizes = { cell, hiddenSize, batchSize, numSteps: NUM_STEPS };
      training.push(await benchTraining(backend, sizes, seconds));
    }
  }
  const generation: GenerationResult[] = [];
  for (const hiddenSize of hiddenSizes) {
    status(`generation: hidden ${hiddenSize} ...`);
    generation.push(await benchGeneration(backend, cell, hiddenSize, seconds));
  }
  clearStatus();
  const device = backend.description;
  out(
    flags.json
      ? jsonLine({ device, tile, products, phases, training, generation })
      : table(device, tile, products, phases, training, generation),
  );
}

/** The sizes that are asked for, else the chapter's. */
function chapterSizes(flags: Values<typeof command.flags>): Sizes {
  const { cell, "hidden-size": H = 512, "batch-size": B = 32 } = flags;
  return { cell, hiddenSize: H, batchSize: B, numSteps: NUM_STEPS };
}

/** The parts that look closer at WebGPU. */
async function measureWebGPU(
  parts: ReadonlySet<WebGPUPart>,
  flags: Values<typeof command.flags>,
): Promise<void> {
  const [first] = parts;
  if (flags.device !== "webgpu") {
    throw new UsageError(`--${first} measures WebGPU: add --device webgpu`);
  }
  if (flags.peer !== undefined) {
    throw new UsageError(
      `--${first} does not work with --peer, which compares training alone`,
    );
  }
  const { cell, seconds } = flags;
  const sizesOf = (hiddenSize: number, batchSize: number): Sizes => (
    { cell, hiddenSize, batchSize, numSteps: NUM_STEPS }
  );
  const grid = one(flags["hidden-size"], GRID.hiddenSizes).flatMap((H) =>
    one(flags["batch-size"], GRID.batchSizes).map((B) => sizesOf(H, B))
  );
  const sizes = chapterSizes(flags);
  const request = { engine: "step", parts, sizes, grid, seconds } as const;
  const result = await benchWebGPU(request);
  out(flags.json ? jsonLine(result) : webGPUTable(result));
}

async function comparePeer(
  backend: Backend,
  peer: string,
  flags: Values<typeof command.flags>,
): Promise<void> {
  const sizes = chapterSizes(flags);
  await benchTraining(backend, sizes, 0.01); // checks, and warms up
  using model = new TrainingModel(backend, sizes);
  const pairs = await alternate(peer, sizes, flags.rounds, async () => {
    const { median } = await time(
      backend,
      () => model.minibatch(),
      4 * flags.seconds,
    );
    return sizes.batchSize * sizes.numSteps / median;
  });
  const variants = Object.entries(Object.groupBy(pairs, (pair) => pair.variant))
    .map(([variant, all]) => summarize(variant, all!));
  const device = backend.description;
  if (flags.json) {
    out(jsonLine({ device, ...sizes, peer, pairs, variants }));
    return;
  }
  const columns = "variant          weena      peer  weena/peer\n";
  out(
    `${device}: training, ${sizes.cell}, hidden ${sizes.hiddenSize}, ` +
      `batch ${sizes.batchSize}, ${NUM_STEPS} steps, in tokens/s\n\n${columns}` +
      pairs.map(row).join("") + "\nmedians\n" + variants.map(row).join(""),
  );
}

function summarize(variant: string, pairs: readonly Pair[]): Pair {
  const of = (key: "weena" | "peer" | "ratio") =>
    median(pairs.map((pair) => pair[key]));
  return { variant, weena: of("weena"), peer: of("peer"), ratio: of("ratio") };
}

function row({ variant, weena, peer, ratio }: Pair): string {
  return `${variant.padEnd(12)}${grouped(weena).padStart(10)}` +
    `${grouped(peer).padStart(10)}${ratio.toFixed(2).padStart(12)}\n`;
}

function one(asked: number | undefined, grid: readonly number[]) {
  return asked === undefined ? grid : [asked];
}

function table(
  device: string,
  tile: number | undefined,
  products: readonly ProductResult[],
  phases: PhasesResult,
  training: readonly TrainingResult[],
  generation: readonly GenerationResult[],
): string {
  const lines = [device, "", "products                        GFLOP/s"];
  for (const { product, rows, inner, columns, gflops } of products) {
    const shape = `${rows} × ${inner} × ${columns}`;
    lines.push(
      `  ${product.padEnd(5)} ${shape.padEnd(20)}` +
        gflops.toFixed(1).padStart(11),
    );
  }
  if (tile !== undefined) {
    lines.push(
      `  the bare register tile, 1 thread${tile.toFixed(1).padStart(5)}`,
    );
  }
  const { cell, hiddenSize, batchSize, numSteps } = phases;
  lines.push(
    "",
    `a minibatch: ${cell}, hidden ${hiddenSize}, batch ${batchSize}, ` +
      `${numSteps} steps  ms`,
  );
  const parts = {
    forward: phases.forward,
    head: phases.head,
    backward: phases.backward,
    "weight gradients": phases.weightGradients,
    update: phases.update,
    "state carried": phases.carry,
  };
  for (const [part, milliseconds] of Object.entries(parts)) {
    lines.push(`  ${part.padEnd(18)}${milliseconds.toFixed(3).padStart(9)}`);
  }
  lines.push("", "training    hidden  batch   ms/minibatch    tokens/s");
  for (const result of training) {
    lines.push(
      `${String(result.hiddenSize).padStart(18)}` +
        `${String(result.batchSize).padStart(7)}` +
        `${result.milliseconds.toFixed(3).padStart(15)}` +
        `${grouped(result.tokensPerSecond).padStart(12)}`,
    );
  }
  lines.push("", "generation  hidden  characters/s");
  for (const { hiddenSize, charactersPerSecond } of generation) {
    lines.push(
      String(hiddenSize).padStart(18) +
        grouped(charactersPerSecond).padStart(14),
    );
  }
  return lines.join("\n") + "\n";
}

if (import.meta.main) await run(Deno.args);
