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

/** By the names of `override`s; 1 is true. */
export type Overrides = Readonly<Record<string, number>>;

/** A kernel that is ready to be dispatched. */
export interface Pipeline extends KernelInterface {
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** A kernel as it stands in its files, and its variants: each has one flag set. */
export interface PipelineSet extends Pipeline {
  readonly variants: Readonly<Record<string, Pipeline>>;
}

/** All pipelines, by the name of the kernel. */
export type Pipelines = Readonly<Record<KernelName, PipelineSet>>;

const COMPUTE_STAGE = 4; // GPUShaderStage.COMPUTE; the DOM types lack its value

/**
 * Compiles every kernel and its variants.
 *
 * @param sources The files of a kernel. Default: those in kernels/.
 * @throws {DeviceError} If one does not compile: names the file and the line.
 */
export async function compileAll(
  device: GPUDevice,
  sources: (name: KernelName) => readonly WGSLFile[] = filesOf,
): Promise<Pipelines> {
  const names = Object.keys(KERNELS) as KernelName[];
  const compiled = await Promise.all(names.map(async (name) => {
    const files = sources(name);
    const pipeline = await compile(device, files);
    const variants = await Promise.all(pipeline.flags.map(async (flag) => {
      return [flag, await compile(device, files, { [flag]: 1 })];
    }));
    return [name, { ...pipeline, variants: Object.fromEntries(variants) }];
  }));
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
  const code = join(files);
  const parsed = parseInterface(code);
  const settings = Object.entries(overrides).map(([k, v]) => ` ${k}=${v}`);
  const name = kernel.path.replaceAll(/^.*\/|\.wgsl$/g, "");
  const label = name + settings.join("");

  device.pushErrorScope("validation");
  const module = device.createShaderModule({ label, code });
  const layout = device.createBindGroupLayout({
    label,
    entries: [
      {
        binding: 0,
        visibility: COMPUTE_STAGE,
        buffer: {
          type: "uniform",
          hasDynamicOffset: true,
          minBindingSize: 4 * parsed.fields.length,
        },
      },
      ...parsed.bindings.map(({ index, written }) => ({
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
  return { label, pipeline, layout, ...parsed };
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
