/**
 * Compute pipelines: kernels with their overrides, each compiled once.
 *
 * @module
 */

import { DeviceError } from "../device_error.ts";
import { type KernelInterface, parseInterface } from "./kernel_interface.ts";
import {
  filesOf,
  join,
  type KernelName,
  KERNELS,
  placeOf,
  type WGSLFile,
} from "./kernels.ts";

/** Values of `override` constants. */
export type Overrides = Readonly<Record<string, number>>;

/** A kernel that is ready to be dispatched. */
export interface Pipeline extends KernelInterface {
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Pipelines that are not simply a kernel as it stands in its files. */
const VARIANTS = {
  dropout_in_place: { kernel: "dropout", overrides: { IN_PLACE: 1 } },
  gru_first: { kernel: "gru", overrides: { FIRST: 1 } },
  lstm_first: { kernel: "lstm", overrides: { FIRST: 1 } },
  rnn_first: { kernel: "rnn", overrides: { FIRST: 1 } },
} as const satisfies Record<
  string,
  { kernel: KernelName; overrides: Overrides }
>;

/** All pipelines, by the name of the kernel or of its variant. */
export type Pipelines = Readonly<
  Record<KernelName | keyof typeof VARIANTS, Pipeline>
>;

const COMPUTE_STAGE = 4; // GPUShaderStage.COMPUTE; the DOM types lack its value

/**
 * Compiles every kernel.
 *
 * @throws {DeviceError} If one does not compile: names the file and the line.
 */
export async function compileAll(device: GPUDevice): Promise<Pipelines> {
  const wanted: [string, KernelName, Overrides][] = [
    ...Object.keys(KERNELS).map((name) =>
      [name, name as KernelName, {}] as [string, KernelName, Overrides]
    ),
    ...Object.entries(VARIANTS).map(([name, { kernel, overrides }]) =>
      [name, kernel, overrides] as [string, KernelName, Overrides]
    ),
  ];
  const compiled = await Promise.all(
    wanted.map(async ([name, kernel, overrides]) => {
      return [name, await compile(device, filesOf(kernel), overrides)];
    }),
  );
  return Object.fromEntries(compiled);
}

/**
 * Compiles one kernel, its own file first, inside of an error scope.
 *
 * @throws {DeviceError} If it does not compile: names the file and the line.
 */
export async function compile(
  device: GPUDevice,
  files: readonly WGSLFile[],
  overrides: Overrides = {},
): Promise<Pipeline> {
  const [kernel] = files;
  const { bindings, fields } = parseInterface(kernel.text);
  const settings = Object.entries(overrides).map(([k, v]) => ` ${k}=${v}`);
  const name = kernel.path.replaceAll(/^.*\/|\.wgsl$/g, "");
  const label = name + settings.join("");

  device.pushErrorScope("validation");
  const module = device.createShaderModule({ label, code: join(files) });
  const layout = device.createBindGroupLayout({
    label,
    entries: [
      {
        binding: 0,
        visibility: COMPUTE_STAGE,
        buffer: {
          type: "uniform",
          hasDynamicOffset: true,
          minBindingSize: 4 * fields.length,
        },
      },
      ...bindings.map(({ index, written }) => ({
        binding: index,
        visibility: COMPUTE_STAGE,
        buffer: {
          type: written ? "storage" : "read-only-storage",
        } as GPUBufferBindingLayout,
      })),
    ],
  });
  const pipeline = device.createComputePipeline({
    label,
    layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: "main", constants: overrides },
  });
  const error = await device.popErrorScope(); // the scope is of the calls above
  if (error) {
    const { messages } = await module.getCompilationInfo();
    const first = messages.find(({ type }) => type === "error");
    // Deno reports line 1 for all, and the true one in the text.
    const line = error.message.match(/wgsl:(\d+)/)?.[1] ?? first?.lineNum;
    const place = placeOf(files, Number(line));
    const where = place ? `${place.path}, line ${place.line}` : kernel.path;
    const whose = place && place.path !== kernel.path
      ? ` (a part of ${kernel.path})`
      : "";
    throw new DeviceError(
      "failed",
      `Cannot compile ${where}${whose}: ` +
        placed(first?.message || error.message, files).trim(),
    );
  }
  return { label, pipeline, layout, bindings, fields };
}

/** The compiler's message, with its places in the joined files as those in each. */
function placed(message: string, files: readonly WGSLFile[]): string {
  return message.replaceAll(
    /(wgsl:|^ *)(\d+)(?=:| │)/gm,
    (all, before, line) => {
      const place = placeOf(files, Number(line));
      if (!place) return all;
      const file = before === "wgsl:" ? `${place.path}:` : before;
      return file + place.line;
    },
  );
}
