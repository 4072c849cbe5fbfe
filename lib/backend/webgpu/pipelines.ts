/**
 * Compute pipelines: kernels with their overrides, each compiled once.
 *
 * @module
 */

import { DeviceError } from "../device_error.ts";
import type { OpenedDevice } from "./device.ts";
import {
  type KernelInterface,
  type Overrides,
  parseInterface,
} from "./kernel_interface.ts";
import {
  filesOf,
  join,
  type KernelName,
  KERNELS,
  placeOf,
  type WGSLFile,
} from "./kernels.ts";

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

/** A kernel that is compiled for the sizes it is used with, when it first is. */
export interface SizedPipelines {
  /** Those of the kernel's source. */
  readonly constants: KernelInterface["constants"];
  /** The pipeline with these numbers. Where it does not compile, the device fails. */
  sized(overrides: Overrides): Pipeline;
}

/** Kernels that go through a whole sequence: each has more forms than a run uses. */
type SequenceName = Extract<KernelName, `${string}_sequence`>;

/** All pipelines, by the name of the kernel. */
export type Pipelines =
  & Readonly<Record<Exclude<KernelName, SequenceName>, PipelineSet>>
  & Readonly<Record<SequenceName, SizedPipelines>>;

const COMPUTE_STAGE = 4; // GPUShaderStage.COMPUTE; the DOM types lack its value

/**
 * Compiles every kernel and its variants, but for those that wait for their sizes.
 *
 * @param sources The files of a kernel. Default: those in kernels/.
 * @throws {DeviceError} If one does not compile: names the file and the line.
 */
export async function compileAll(
  opened: OpenedDevice,
  sources: (name: KernelName) => readonly WGSLFile[] = filesOf,
): Promise<Pipelines> {
  const names = Object.keys(KERNELS) as KernelName[];
  const compiled = await Promise.all(names.map(async (name) => {
    const files = sources(name);
    return [
      name,
      name.endsWith("_sequence")
        ? sizedPipelines(opened, files, name)
        : await compileSet(opened.device, files),
    ];
  }));
  return Object.fromEntries(compiled);
}

async function compileSet(
  device: GPUDevice,
  files: readonly WGSLFile[],
): Promise<PipelineSet> {
  const pipeline = await compile(device, files);
  const variants = await Promise.all(pipeline.flags.map(async (flag) => {
    return [flag, await compile(device, files, { [flag]: 1 })];
  }));
  return { ...pipeline, variants: Object.fromEntries(variants) };
}

function sizedPipelines(
  { device, watch }: OpenedDevice,
  files: readonly WGSLFile[],
  name: KernelName,
): SizedPipelines {
  const compiled = new Map<string, Pipeline>();
  return {
    constants: parseInterface(join(files)).constants,
    sized: (overrides) =>
      compiled.getOrInsertComputed(settingsOf(overrides), () => {
        const { pipeline, failure } = create(device, files, overrides, name);
        failure.then((error) => error && watch.fail(error), () => {});
        return pipeline;
      }),
  };
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
  const name = files[0].path.replaceAll(/^.*\/|\.wgsl$/g, "");
  const { pipeline, failure } = create(device, files, overrides, name);
  const error = await failure;
  if (error) throw error;
  return pipeline;
}

/** A pipeline at once, and later why it is none, if it does not compile. */
function create(
  device: GPUDevice,
  files: readonly WGSLFile[],
  overrides: Overrides,
  name: string,
): { pipeline: Pipeline; failure: Promise<DeviceError | undefined> } {
  const code = join(files);
  const parsed = parseInterface(code, overrides);
  const label = name + settingsOf(overrides);

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
  const failure = device.popErrorScope() // the scope is of the calls above
    .then((error) => error ? failureOf(error, module, files) : undefined);
  return { pipeline: { label, pipeline, layout, ...parsed }, failure };
}

/** Why a kernel does not compile. */
async function failureOf(
  error: GPUError,
  module: GPUShaderModule,
  files: readonly WGSLFile[],
): Promise<DeviceError> {
  const [kernel] = files;
  const { messages } = await module.getCompilationInfo();
  const first = messages.find(({ type }) => type === "error");
  // Deno reports line 1 for all, and the true one in the text.
  const line = error.message.match(/wgsl:(\d+)/)?.[1] ?? first?.lineNum;
  const place = placeOf(files, Number(line));
  const where = place ? `${place.path}, line ${place.line}` : kernel.path;
  const whose = place && place.path !== kernel.path
    ? ` (a part of ${kernel.path})`
    : "";
  return new DeviceError(
    "failed",
    `Cannot compile ${where}${whose}: ` +
      placed(first?.message || error.message, files).trim(),
  );
}

/** `" ROWS=2 QUADS=32"`. */
function settingsOf(overrides: Overrides): string {
  return Object.entries(overrides).map(([k, v]) => ` ${k}=${v}`).join("");
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
