/**
 * Every backend that the model is tested on.
 *
 * @module
 */

import type { Backend } from "../../lib/backend/backend.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { openWasm } from "../../lib/backend/wasm/wasm_backend.ts";
import { findAdapter } from "../../lib/backend/webgpu/device.ts";
import { openWebGPU } from "../../lib/backend/webgpu/webgpu_backend.ts";
import { inCI } from "../access.ts";

/** A backend under test. */
export interface TestedDevice {
  readonly name: string;
  readonly open: () => Backend | Promise<Backend>;
  readonly precision: "float64" | "float32";
  /** Why it cannot be tested here; in CI a missing adapter is a failure instead. */
  readonly ignore?: string;
}

const hasAdapter = await findAdapter() !== undefined;

/** WebGPU, the adapter that there is, with the engine that the sizes ask for. */
export const WEBGPU: TestedDevice = {
  name: "webgpu",
  open: () => openWebGPU(),
  precision: "float32",
  ignore: hasAdapter || inCI
    ? undefined
    : "no WebGPU adapter; on Debian install mesa-vulkan-drivers",
};

/** WebGPU where no recurrent layer runs a whole sequence in a dispatch. */
export const WEBGPU_STEPS: TestedDevice = {
  ...WEBGPU,
  name: "webgpu, a dispatch a step",
  open: () => openWebGPU({ engine: "step" }),
};

/** The CPU on one, two and three threads. */
export const CPUS: readonly TestedDevice[] = [1, 2, 3].map((threads) => ({
  name: `cpu, ${threads} thread${threads === 1 ? "" : "s"}`,
  open: () => openWasm({ threads }),
  precision: "float32",
}));

/** The reference in both precisions. */
export const REFERENCES: readonly TestedDevice[] = [
  { name: "reference in float64", open: openReference, precision: "float64" },
  {
    name: "reference in float32",
    open: () => openReference({ precision: "float32" }),
    precision: "float32",
  },
];
