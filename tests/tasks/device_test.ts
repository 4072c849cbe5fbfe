import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DEVICE_FLAGS, openDevice } from "../../tasks/cli/device.ts";
import { parseCommandLine, UsageError } from "../../tasks/cli/flags.ts";
import { EXIT, TaskError } from "../../tasks/cli/exit.ts";
import { WEBGPU } from "../backend/devices.ts";
import { disguised, unopened, withGPU } from "../backend/gpus.ts";

/** The device that the flags open, and what is told of it. */
async function opened(flags: Parameters<typeof openDevice>[0]) {
  const lines: string[] = [];
  using backend = await openDevice(flags, (line) => lines.push(line));
  return { name: backend.name, lines };
}

const none = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;

Deno.test("auto takes the CPU where there is no GPU, and says so", () =>
  withGPU(none, async () => {
    assertEquals(await opened({ device: "auto", threads: 1 }), {
      name: "cpu",
      lines: ["device: cpu, because there is no WebGPU adapter"],
    });
  }));

Deno.test("auto takes the CPU where the GPU does not open, and says why", async () => {
  await withGPU(unopened("it is\nbusy"), async () => {
    assertEquals(await opened({ device: "auto", threads: 1 }), {
      name: "cpu",
      lines: [
        "device: cpu, because the GPU cannot be used " +
        "(Cannot open the WebGPU device: it is busy)",
      ],
    });
  });
  const broken = {
    requestAdapter: () => Promise.reject(new Error("no driver")),
  } as unknown as GPU;
  await withGPU(broken, async () => {
    assertEquals(await opened({ device: "auto", threads: 1 }), {
      name: "cpu",
      lines: [
        "device: cpu, because the GPU cannot be used " +
        "(Cannot ask for a WebGPU adapter: no driver)",
      ],
    });
  });
});

Deno.test("a device asked for by name is that one, or exit code 5", async () => {
  for (const gpu of [none, unopened("it is busy")]) {
    await withGPU(gpu, async () => {
      const { exitCode } = await assertRejects(
        () => opened({ device: "webgpu" }),
        TaskError,
      );
      assertEquals(exitCode, EXIT.device);
    });
  }
  await withGPU(none, async () => {
    const { message } = await assertRejects(
      () => opened({ device: "webgpu" }),
      TaskError,
    );
    assertEquals(
      message,
      "Cannot open a WebGPU device: navigator.gpu.requestAdapter() found no " +
        "adapter. Install a Vulkan driver (on Debian: mesa-vulkan-drivers), " +
        "or use the CPU (--device cpu)",
    );
  });
  assertEquals((await opened({ device: "cpu", threads: 1 })).lines, []);
});

Deno.test({
  name: "threads are said not to be used where auto takes a GPU" +
    (WEBGPU.ignore ? ` (ignored: ${WEBGPU.ignore})` : ""),
  ignore: WEBGPU.ignore !== undefined,
  fn: () =>
    withGPU(disguised(), async () => {
      const chosen =
        "device: webgpu, because there is a GPU, Test 9000, WebGPU";
      assertEquals(await opened({ device: "auto" }), {
        name: "webgpu",
        lines: [chosen],
      });
      assertEquals(await opened({ device: "auto", threads: 4 }), {
        name: "webgpu",
        lines: [
          chosen,
          "threads: --threads 4 is ignored, because the device is a GPU",
        ],
      });
    }),
});

Deno.test("threads that no device has are a wrong command line", async () => {
  const command = {
    name: "train",
    details: "",
    flags: DEVICE_FLAGS,
    examples: [],
  };
  for (const threads of ["0", "257", "300", "1.5"]) {
    assertThrows(
      () => parseCommandLine(command, ["--threads", threads]),
      UsageError,
      "expected a whole number from 1 to 256",
    );
  }
  const { flags } = parseCommandLine(command, ["--threads", "256"]);
  assertEquals(flags.threads, 256);
  for (const device of ["webgpu", "reference"] as const) {
    await assertRejects(
      () => opened({ device, threads: 2 }),
      UsageError,
      `--threads works only with --device cpu, not with ${device}`,
    );
  }
});
