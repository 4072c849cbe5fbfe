/**
 * Recurrent layers whose whole sequence is one dispatch.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { Backend } from "../../lib/backend/backend.ts";
import { DeviceError } from "../../lib/backend/device_error.ts";
import { openDevice } from "../../lib/backend/webgpu/device.ts";
import {
  type Engine,
  engineOf,
  sequencePipeline,
} from "../../lib/backend/webgpu/engine.ts";
import {
  type Overrides,
  parseInterface,
} from "../../lib/backend/webgpu/kernel_interface.ts";
import {
  filesOf,
  join,
  type KernelName,
  KERNELS,
} from "../../lib/backend/webgpu/kernels.ts";
import {
  compileAll,
  type Pipeline,
  type SizedPipelines,
} from "../../lib/backend/webgpu/pipelines.ts";
import type { WebGPUTensor } from "../../lib/backend/webgpu/tensor.ts";
import {
  createBackend,
  openWebGPU,
} from "../../lib/backend/webgpu/webgpu_backend.ts";
import { CELL_NAMES, type CellName, CELLS } from "../../lib/model/cells.ts";
import { resourcesOf } from "../../tasks/bench/webgpu/kernel_resources.ts";
import { watched } from "../../tasks/bench/webgpu/watched.ts";
import { recurrentCases } from "./cases.ts";
import { testOps } from "./contract.ts";
import { WEBGPU } from "./devices.ts";
import { layerOf, type LayerSizes } from "./layer.ts";
import { testOn } from "./test_on.ts";

const { ignore } = WEBGPU;
const SEQUENCE = {
  name: "webgpu, whole sequences",
  open: () => openWebGPU({ engine: "sequence" }),
  ignore,
};

/** Sizes that differ in what a workgroup takes, and in how much of it is idle. */
const SIZES = [
  { T: 1, B: 1, H: 4 },
  { T: 300, B: 3, H: 12 }, // in five dispatches
  { T: 35, B: 32, H: 64 },
  { T: 5, B: 3, H: 100 },
  { T: 3, B: 33, H: 256 }, // four rows in a workgroup, in the last one a single row
  { T: 2, B: 1, H: 512 },
  { T: 2, B: 3, H: 1024 },
] as const;

testOps(
  SEQUENCE.name,
  SEQUENCE.open,
  ignore,
  SIZES.flatMap(recurrentCases).map((one) => ({ ...one, guard: 4 })),
);

/** A layer on tensors of zeros. */
function layerOn(backend: Backend, cell: CellName, sizes: LayerSizes) {
  return layerOf(
    backend.ops,
    cell,
    sizes,
    (shape) => backend.allocate(shape),
  );
}

Deno.test({
  name: "webgpu: a sequence is one dispatch for every 64 steps, and no copy",
  ignore: ignore !== undefined,
  fn: async () => {
    const counts = { dispatchWorkgroups: 0, copyBufferToBuffer: 0 };
    const gpu = watched((device) => {
      const createCommandEncoder = device.createCommandEncoder.bind(device);
      device.createCommandEncoder = (descriptor) => {
        const encoder = createCommandEncoder(descriptor);
        const beginComputePass = encoder.beginComputePass.bind(encoder);
        encoder.copyBufferToBuffer = () => {
          counts.copyBufferToBuffer++;
        };
        encoder.beginComputePass = (descriptor) => {
          const pass = beginComputePass(descriptor);
          const dispatchWorkgroups = pass.dispatchWorkgroups.bind(pass);
          pass.dispatchWorkgroups = (...grid) => {
            counts.dispatchWorkgroups++;
            return dispatchWorkgroups(...grid);
          };
          return pass;
        };
        return encoder;
      };
    });
    using backend = await openWebGPU({ gpu, engine: "sequence" });
    const counted = (run: () => void) => {
      counts.dispatchWorkgroups = 0;
      run();
      return counts.dispatchWorkgroups;
    };
    for (const [T, dispatches] of [[1, 1], [64, 1], [65, 2]] as const) {
      for (const cell of CELL_NAMES) {
        const layer = layerOn(backend, cell, { T, B: 2, H: 8 });
        assertEquals(counted(layer.forward), dispatches, `${cell}, ${T}`);
        assertEquals(counted(layer.backward), dispatches, cell);
      }
    }
    assertEquals(counts.copyBufferToBuffer, 0);
  },
});

for (const engine of ["step", "sequence"] as const) {
  const device = { name: `webgpu, engine ${engine}`, ignore };
  testOn(
    { ...device, open: () => openWebGPU({ engine }) },
    "what is NaN in a row stays NaN in it, and in no other",
    async (backend) => {
      const T = 3, B = 3, H = 8;
      for (const cell of CELL_NAMES) {
        const G = CELLS[cell].gates;
        const { tensors, forward, backward } = layerOn(backend, cell, {
          T,
          B,
          H,
        });
        const numbers = new Float32Array(T * B * G * H).fill(0.5);
        numbers.fill(NaN, 1 * G * H, 2 * G * H); // the second row's first step
        backend.write(tensors.input, numbers);
        const weight = new Float32Array(G * H * H).fill(0.01);
        backend.write(tensors.weight, weight);
        const gradient = new Float32Array(T * B * H).fill(0.5);
        const row = (2 * B + 2) * H; // the third row's last step
        gradient.fill(NaN, row, row + H);
        backend.write(tensors.dOutput, gradient);
        forward();
        backward();
        const [states, dInput] = await Promise.all([
          backend.read(tensors.output),
          backend.read(tensors.dInput),
        ]);
        for (let t = 0; t < T; t++) {
          for (let b = 0; b < B; b++) {
            const place = `${cell}, step ${t}, row ${b}`;
            const at = t * B + b;
            const state = states.subarray(at * H, (at + 1) * H);
            assertEquals(state.every(Number.isNaN), b === 1, place);
            assertEquals(state.some(Number.isNaN), b === 1, place);
            const da = dInput.subarray(at * G * H, (at + 1) * G * H);
            assertEquals(da.some(Number.isNaN), b > 0, place);
          }
        }
      }
    },
  );
}

/** A kernel's pipelines that are not compiled: each tells its numbers. */
function uncompiled(
  name: KernelName,
): SizedPipelines & { of(sizes: LayerSizes): Overrides } {
  const { constants } = parseInterface(join(filesOf(name)));
  const pipelines: SizedPipelines = {
    constants,
    sized: (overrides) => overrides as unknown as Pipeline,
  };
  const of = (sizes: LayerSizes) =>
    sequencePipeline(pipelines, sizes) as unknown as Overrides;
  return { ...pipelines, of };
}

Deno.test("the engine follows from the sizes, and from no wish that they do not allow", () => {
  const pipelines = uncompiled("rnn_sequence");
  const weight = (offset: number, G: number, H: number) => (
    { offset, size: G * H * H } as WebGPUTensor
  );
  for (
    const [wanted, B, H, offset, expected, G = 1] of [
      [undefined, 32, 256, 0, "sequence"],
      [undefined, 1000, 4, 64, "sequence"],
      [undefined, 32, 260, 0, "step"],
      [undefined, 8, 1024, 0, "sequence"],
      [undefined, 2, 1024, 0, "sequence", 4],
      [undefined, 3, 1024, 0, "step", 4],
      [undefined, 9, 1024, 0, "step"],
      ["step", 1, 64, 0, "step"],
      ["sequence", 32, 512, 0, "sequence"],
      ["sequence", 32, 1024, 4, "sequence"],
      ["sequence", 1, 1028, 0, "step"],
      ["sequence", 1, 33, 0, "step"],
      ["sequence", 1, 64, 3, "step"],
    ] as readonly [
      Engine | undefined,
      number,
      number,
      number,
      Engine,
      number?,
    ][]
  ) {
    assertEquals(
      engineOf(wanted, { B, H }, weight(offset, G, H), pipelines),
      expected,
      `${wanted}, B ${B}, H ${H}, at ${offset}`,
    );
  }
});

const SEQUENCES = (Object.keys(KERNELS) as KernelName[]).filter((name) =>
  name.endsWith("_sequence")
);

Deno.test("a workgroup of a sequence has room for its rows, and ends its loops", () => {
  for (const name of SEQUENCES) {
    const source = join(filesOf(name));
    const pipelines = uncompiled(name);
    const { GATES, CAPACITY, LANES, LEAST_QUADS, SUMS } = pipelines.constants;
    for (let H = 4; H <= CAPACITY; H += 4) {
      for (const B of [1, 2, 3, 16, 31, 32, 64, 1000]) {
        const sizes = pipelines.of({ T: 64, B, H });
        const { ROWS, QUADS, STEPS } = sizes;
        // Terms of a dispatch: no more than a small GPU adds up in 40 ms.
        const isShort = STEPS * B * GATES * H * H <= 2 ** 31;
        assert(STEPS === 1 || isShort, `${name}, B ${B}, H ${H}: ${STEPS}`);
        const what = `${name}, B ${B}, H ${H}, ${JSON.stringify(sizes)}`;
        assert(ROWS <= Math.max(1, B) && QUADS >= LEAST_QUADS, what);
        assert(Number.isInteger(Math.log2(ROWS)), what);
        assert(Number.isInteger(Math.log2(QUADS)), what);
        const { size: [x, y, z], memory } = resourcesOf(source, sizes);
        assert(x * y * z <= 256 && memory <= 16384, what);
        const fours = H / 4;
        const isBackward = name.includes("_backward");
        // Two states before the sums, or what is read before they are written.
        const rows = isBackward ? GATES * fours : 2 * fours;
        const sums = ROWS * LANES * QUADS;
        assert(sums <= SUMS, what);
        assert(ROWS * rows <= (isBackward ? CAPACITY : CAPACITY - SUMS), what);
        // An invocation for every four units of each row.
        const owners = isBackward ? ROWS * fours : ROWS * QUADS;
        assert(owners <= LANES * QUADS, what);
        // Rounds of an invocation's loops, each with one more to leave it.
        const slices = isBackward
          ? Math.min(Math.floor(LANES * QUADS / fours), LANES)
          : LANES;
        assert(slices >= 1, what);
        const terms = isBackward ? GATES * fours : fours;
        const product = Math.floor(terms / slices / 4) + 1 + 3 + 1;
        const blocks = Math.ceil(fours / QUADS);
        const step = isBackward
          ? product + slices + 1 + GATES + 1
          : blocks * (GATES * (product + 1) + 1) + 1;
        const load = Math.ceil(ROWS * rows / (LANES * QUADS)) + 1;
        const rounds = STEPS * (step + 1) + load;
        assert(rounds < 60_000, `${what}: ${rounds} rounds`);
      }
    }
  }
});

testOn(
  {
    name: "webgpu, a kernel of sequences that does not compile",
    ignore,
    async open() {
      const adapter = await navigator.gpu.requestAdapter();
      const opened = await openDevice(adapter!);
      const spoil = (text: string) =>
        text.replace(
          "fn loadState(",
          "const SPOILED: u32 = 1.5;\nfn loadState(",
        );
      const pipelines = await compileAll(
        opened,
        (name) =>
          filesOf(name).map(({ path, text }) => ({ path, text: spoil(text) })),
      );
      return createBackend(opened, "spoiled", pipelines);
    },
  },
  "fails the device when it is first used, and says where",
  async (backend) => {
    const layer = layerOn(backend, "gru", { T: 2, B: 1, H: 4 });
    assertEquals((await backend.read(layer.tensors.output)).length, 8);
    layer.forward();
    const { message } = await assertRejects(
      async () => await backend.read(layer.tensors.output),
      DeviceError,
      "Cannot compile kernels/parts/sequence_forward.wgsl, line ",
    );
    assertStringIncludes(message, "(a part of kernels/gru.wgsl)");
  },
);
