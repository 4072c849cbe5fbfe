import { assert, assertEquals } from "@std/assert";
import { openDevice } from "../../lib/backend/webgpu/device.ts";
import { gridOf } from "../../lib/backend/webgpu/grid.ts";
import { parseInterface } from "../../lib/backend/webgpu/kernel_interface.ts";
import {
  filesOf,
  join,
  type KernelName,
  KERNELS,
  type WGSLFile,
} from "../../lib/backend/webgpu/kernels.ts";
import { compileAll } from "../../lib/backend/webgpu/pipelines.ts";
import { createBackend } from "../../lib/backend/webgpu/webgpu_backend.ts";
import { testOps } from "./contract.ts";
import { WEBGPU } from "./devices.ts";

/** A kernel's files with half of the default of every override that is a number. */
function halved(name: KernelName): WGSLFile[] {
  return filesOf(name).map(({ path, text }) => ({
    path,
    text: text.replaceAll(
      /^(override \w+: u32 = )(\d+);/gm,
      (_, declaration, number) => `${declaration}${number / 2};`,
    ),
  }));
}

for (const name of Object.keys(KERNELS) as KernelName[]) {
  const whole = parseInterface(join(filesOf(name)));
  if (Object.keys(whole.constants).length === 0) continue;
  Deno.test(`kernels/${name}.wgsl: the host reads its numbers`, () => {
    const half = parseInterface(join(halved(name)));
    for (const value of Object.values(half.constants)) {
      assert(Number.isInteger(value), `${JSON.stringify(half.constants)}`);
    }
  });
}

Deno.test("a grid follows the numbers in the kernel's source", () => {
  for (
    const [name, rows, grid, more] of [
      ["rnn", 9, [3, 2, 1], [5, 3, 1]],
      ["gru", 9, [9, 2, 1], [18, 3, 1]],
      ["transpose", 1, [3, 1, 1], [5, 1, 1]],
      ["embedding_backward_links", 1, [1, 1, 1], [2, 1, 1]],
    ] as const
  ) {
    const whole = gridOf(parseInterface(join(filesOf(name))), [35, rows]);
    const half = gridOf(parseInterface(join(halved(name))), [35, rows]);
    assertEquals([whole, half], [[...grid], [...more]]);
  }
});

async function openHalved() {
  const adapter = await navigator.gpu.requestAdapter();
  const opened = await openDevice(adapter!);
  const pipelines = await compileAll(opened, halved);
  return createBackend(opened, "every override halved", pipelines);
}

testOps("webgpu, every override halved", openHalved, WEBGPU.ignore);
