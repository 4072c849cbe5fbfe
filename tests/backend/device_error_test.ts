import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import type { Backend } from "../../lib/backend/backend.ts";
import { DeviceError } from "../../lib/backend/device_error.ts";
import { openWebGPU } from "../../lib/backend/webgpu/webgpu_backend.ts";
import { watched } from "../../tasks/bench/webgpu/watched.ts";
import { WEBGPU } from "./devices.ts";
import { unopened } from "./gpus.ts";

const { ignore } = WEBGPU;

/** A test on a device that `spoil` may change before the backend has it. */
function test(
  name: string,
  run: (backend: Backend, device: GPUDevice) => void | Promise<void>,
  spoil: (device: GPUDevice) => void = () => {},
  patience?: number,
): void {
  const reason = ignore ? ` (ignored: ${ignore})` : "";
  Deno.test({
    name: `webgpu: ${name}${reason}`,
    ignore: ignore !== undefined,
    fn: async () => {
      let device!: GPUDevice;
      const gpu = watched((seen) => {
        device = seen;
        spoil(device);
      });
      using backend = await openWebGPU({ gpu, patience });
      await run(backend, device);
    },
  });
}

/** What a read ends with; all that is asked afterwards must end with the same. */
async function failureOf(backend: Backend): Promise<DeviceError> {
  const tensor = backend.allocate([2]);
  const error = await assertRejects(
    async () => await backend.read(tensor),
    DeviceError,
  );
  for (
    const use of [
      () => backend.allocate([2]),
      () => backend.write(tensor, [1, 2]),
      () => backend.read(tensor),
      () => backend.ops.fill({ tensor, value: 1 }),
    ]
  ) assertEquals(assertThrows(use, DeviceError), error);
  assertMatch(error.message, /^[^\n]+$/);
  return error;
}

test("an error that the device reports is fatal", async (backend, device) => {
  const size = 16, usage = 4; // COPY_SRC: not to be written to
  const bad = device.createBuffer({ label: "a bad buffer", size, usage });
  device.queue.writeBuffer(bad, 0, new Float32Array(4));
  const { kind, message } = await failureOf(backend);
  assertEquals(kind, "failed");
  assertStringIncludes(message, "GPUValidationError");
  assertStringIncludes(message, "a bad buffer");
});

test("the loss of the device is fatal", async (backend, device) => {
  device.destroy();
  const { kind, message } = await failureOf(backend);
  assertEquals(kind, "lost");
  assertStringIncludes(message, "The WebGPU device was lost (destroyed)");
});

test(
  "a read that is waited for ends with the device",
  async (backend, device) => {
    const tensor = backend.allocate([2]);
    const reads = [backend.read(tensor), backend.read(tensor)].map((read) =>
      assertRejects(() => read, DeviceError, "a GPUInternalError")
    );
    const error = new GPUInternalError("boom");
    device.dispatchEvent(
      new GPUUncapturedErrorEvent("uncapturederror", { error }),
    );
    await Promise.all(reads);
  },
  never,
);

test(
  "a read that never ends is given up",
  async (backend) => {
    const { kind, message } = await failureOf(backend);
    assertEquals(kind, "silent");
    assertEquals(message, "The GPU has not answered for 0.5 seconds");
  },
  never,
  500,
);

test("a read that fails is the device's failure", async (backend) => {
  const { kind, message } = await failureOf(backend);
  assertEquals([kind, message], ["failed", "The GPU failed: not today"]);
}, (device) => {
  onRead(device, (buffer) => {
    buffer.mapAsync = () => Promise.reject(new Error("not today"));
  });
});

test(
  "work that is not done is noticed at the next read",
  async (backend, device) => {
    const tensor = backend.allocate([2]);
    backend.ops.fill({ tensor, value: 3 });
    assertEquals([...await backend.read(tensor)], [3, 3]);
    device.queue.submit = () => undefined;
    backend.ops.fill({ tensor, value: 4 });
    const { kind, message } = await failureOf(backend);
    assertEquals(kind, "failed");
    assertStringIncludes(message, "returned different numbers");
  },
);

test("a read of old bytes is not believed either", async (backend) => {
  const tensor = backend.allocate([2]);
  await backend.read(tensor);
  assertEquals((await failureOf(backend)).kind, "failed");
}, (device) => {
  let first: ArrayBuffer | undefined;
  onRead(device, (buffer) => {
    const getMappedRange = buffer.getMappedRange.bind(buffer);
    buffer.getMappedRange = () => first ??= getMappedRange().slice(0);
  });
});

test("a tensor beyond the device's limits says its bytes", (backend) => {
  const { kind } = assertThrows(
    () => backend.allocate([2 ** 31]),
    DeviceError,
    "Cannot allocate the tensor (2147483648): its 8589934592 bytes",
  );
  assertEquals(kind, "out-of-memory");
  backend.allocate([2]); // smaller ones have room
});

test(
  "a tensor that there is no memory for says its bytes",
  async (backend, device) => {
    const { popErrorScope } = device;
    device.popErrorScope = () => {
      device.popErrorScope = popErrorScope;
      return Promise.resolve(new GPUOutOfMemoryError("no"));
    };
    const tensor = backend.allocate([3, 7]);
    const { kind, message } = await assertRejects(
      async () => await backend.read(tensor),
      DeviceError,
    );
    assertEquals(kind, "out-of-memory");
    assertStringIncludes(message, "tensor (3, 7)");
    assertStringIncludes(message, "84 bytes");
  },
);

test(
  "memory that is short elsewhere is told from other errors",
  async (backend, device) => {
    const error = new GPUOutOfMemoryError("Not enough memory left.");
    device.dispatchEvent(
      new GPUUncapturedErrorEvent("uncapturederror", { error }),
    );
    const { kind } = assertThrows(() => backend.allocate([2]), DeviceError);
    assertEquals(kind, "out-of-memory");
    await Promise.resolve();
  },
);

test("more workgroups than the device takes are its limit", (backend) => {
  const rows = 70_000 * 8;
  const input = backend.allocate([rows, 1]), weight = backend.allocate([1, 1]);
  const output = backend.allocate([rows, 1]);
  assertThrows(
    () => backend.ops.linear({ input, weight, output }),
    DeviceError,
    "exceed this GPU's limit",
  );
});

Deno.test("webgpu: an adapter without a device is unavailable", async () => {
  const { kind, message } = await assertRejects(
    () => openWebGPU({ gpu: unopened("it is busy") }),
    DeviceError,
  );
  assertEquals(kind, "unavailable");
  assertEquals(message, "Cannot open the WebGPU device: it is busy");
  const broken = {
    requestAdapter: () => Promise.reject(new Error("no driver")),
  } as unknown as GPU;
  await assertRejects(
    () => openWebGPU({ gpu: broken }),
    DeviceError,
    "Cannot ask for a WebGPU adapter: no driver",
  );
});

/** Changes the buffers that tensors are read back through. */
function onRead(device: GPUDevice, change: (buffer: GPUBuffer) => void): void {
  const createBuffer = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer(descriptor);
    if (descriptor.label === "read") change(buffer);
    return buffer;
  };
}

/** No read ever ends. */
function never(device: GPUDevice): void {
  onRead(device, (buffer) => {
    buffer.mapAsync = () => new Promise(() => {});
  });
}
