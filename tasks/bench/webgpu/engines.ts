import {
  openWebGPU,
  type WebGPUOptions,
} from "../../../lib/backend/webgpu/webgpu_backend.ts";
import type { Backend } from "../../../lib/backend/backend.ts";

/** What opens a backend, by the name of the engine that it runs layers by. */
export const ENGINES = {
  /** A dispatch for each time step. */
  step: (options) => openWebGPU({ ...options, engine: "step" }),
  /** A dispatch for a whole sequence. */
  sequence: (options) => openWebGPU({ ...options, engine: "sequence" }),
} as const satisfies Record<
  string,
  (options: WebGPUOptions) => Promise<Backend>
>;

/** How recurrent layers run on WebGPU. */
export type EngineName = keyof typeof ENGINES;

/** All engines. */
export const ENGINE_NAMES = Object.keys(ENGINES) as EngineName[];
