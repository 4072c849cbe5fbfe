import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { TaskError } from "../../tasks/cli/exit.ts";
import {
  benchWebGPU,
  type WebGPUPart,
} from "../../tasks/bench/webgpu/bench_webgpu.ts";
import { benchChains } from "../../tasks/bench/webgpu/dependent_dispatches.ts";
import { ForgottenCommands } from "../../tasks/bench/webgpu/encode.ts";
import { openMeasuredDevice } from "../../tasks/bench/webgpu/measured_device.ts";
import { benchPyTorch } from "../../tasks/bench/webgpu/pytorch.ts";
import { stubGPU } from "../../tasks/bench/webgpu/stub_gpu.ts";
import { webGPUTable } from "../../tasks/bench/webgpu/tables.ts";
import { canRead, canRunCommands, needs } from "../access.ts";
import { WEBGPU } from "../backend/devices.ts";
import { withGPU } from "../backend/gpus.ts";
import { encodePairs } from "../encode_pairs.ts";
import { runTask, TemporaryFolder } from "./command.ts";

const ROOT = new URL("../../", import.meta.url);

const SIZES = {
  cell: "gru",
  hiddenSize: 8,
  batchSize: 3,
  numSteps: 35,
} as const;

const needsCommands = needs(
  "permission to run commands: deno task test",
  canRunCommands(),
);

/** Settings of a test that runs on a GPU, be it of software. */
const needsAdapter = needs(
  "a WebGPU adapter",
  WEBGPU.ignore === undefined,
);

Deno.test({
  ...needs(
    "a WebGPU adapter, and permission to run commands",
    WEBGPU.ignore === undefined && canRunCommands(),
  )("bench --all measures WebGPU in every way"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const { code, stdout, stderr } = await runTask(
      folder,
      "bench",
      "--device=webgpu",
      "--all",
      "--cell=lstm",
      "--hidden-size=8",
      "--batch-size=2",
      "--seconds=0.001",
      "--json",
    );
    assertEquals(code, 0, stderr);
    const result = JSON.parse(stdout);
    const { chains, encode, kernels, readback, training, pytorch } = result;
    assertEquals(result.count.minibatch.dispatches, 79);
    assertEquals(chains.length, 4);
    assert(chains.every((one: typeof chains) => one.microseconds > 0), stdout);
    const { script, record, finish, total } = encode;
    assert(Math.abs(script + record + finish - total) < 1e-9, stdout);
    assertEquals(
      kernels.map((one: { label: string }) => one.label),
      result.count.minibatch.kernels.map((one: { label: string }) => one.label),
    );
    assert(readback.idle > 0 && readback.epochsPerSecondValidated > 0, stdout);
    assertEquals(training.length, 1);
    assert("rates" in pytorch || "missing" in pytorch, stdout);
    const table = webGPUTable(result);
    for (
      const words of [
        "a minibatch: lstm, hidden 8, batch 2, 35 steps, engine step",
        "from one dependent dispatch to the next, 10 in a row",
        "CPU time to encode a minibatch",
        "GPU time of the kernels",
        "reading back",
        "training: lstm, 35 steps",
      ]
    ) assertStringIncludes(table, words);
  },
});

Deno.test({
  ...needsCommands(
    "bench counts on no device, and looks closer at no other than WebGPU",
  ),
  fn: async () => {
    using folder = new TemporaryFolder();
    const bench = (...flags: string[]) => runTask(folder, "bench", ...flags);
    const counted = await bench(
      "--device=webgpu",
      "--count",
      "--hidden-size=8",
    );
    assertEquals(counted.code, 0, counted.stderr);
    assertStringIncludes(counted.stdout, "\n  rnn_backward  ");
    assert(counted.stdout.startsWith("a minibatch"), counted.stdout);
    for (
      const [flags, message] of [
        [["--encode"], "--encode measures WebGPU: add --device webgpu"],
        [["--all", "--device=cpu"], "--all measures WebGPU"],
        [
          ["--count", "--device=webgpu", "--peer=x"],
          "does not work with --peer",
        ],
      ] as const
    ) {
      const { code, stdout, stderr } = await bench(...flags);
      assertEquals([code, stdout], [2, ""]);
      assertStringIncludes(stderr, message);
    }
  },
});

Deno.test("kernels are not timed by a GPU without a clock", async () => {
  const { gpu } = stubGPU(() => {});
  const parts = new Set<WebGPUPart>(["kernels"]);
  await withGPU(gpu, async () => {
    const request = {
      engine: "step",
      parts,
      sizes: SIZES,
      grid: [SIZES],
    } as const;
    const { exitCode } = await assertRejects(
      () => benchWebGPU({ ...request, seconds: 0.01 }),
      TaskError,
      "--kernels needs a GPU with the feature timestamp-query, which stub",
    );
    assertEquals(exitCode, 5);
  });
});

Deno.test({
  ...needsAdapter("a chain of dispatches that lacks one is not timed"),
  fn: async () => {
    using measured = await openMeasuredDevice("step");
    const { device } = measured;
    assertEquals((await benchChains(device, 0.001)).length, 4);
    const { createCommandEncoder } = device;
    let left = 37; // in the middle of a chain that runs
    device.createCommandEncoder = (descriptor) => {
      const encoder = createCommandEncoder.call(device, descriptor);
      const beginComputePass = encoder.beginComputePass.bind(encoder);
      encoder.beginComputePass = (descriptor) => {
        const pass = beginComputePass(descriptor);
        const dispatchWorkgroups = pass.dispatchWorkgroups.bind(pass);
        pass.dispatchWorkgroups = (x) => {
          if (left-- !== 0) dispatchWorkgroups(x);
        };
        return pass;
      };
      return encoder;
    };
    await assertRejects(
      () => benchChains(device, 0.001),
      Error,
      "120 dependent dispatches added up to 119: a wrong result",
    );
  },
});

Deno.test({
  ...needsAdapter(
    "what is encoded to be timed does not run; what comes after does",
  ),
  fn: async () => {
    using measured = await openMeasuredDevice("step");
    const { backend, device } = measured;
    const tensor = backend.allocate([1]);
    {
      using commands = new ForgottenCommands(device);
      // More than one submission holds.
      for (let i = 0; i < 2049; i++) backend.ops.fill({ tensor, value: 1 });
      assert(commands.finishing > 0);
      backend.ops.fill({ tensor, value: 0 });
    }
    assertEquals([...await backend.read(tensor)], [0]);
    const { createCommandEncoder, queue } = device;
    assertEquals(
      createCommandEncoder,
      GPUDevice.prototype.createCommandEncoder,
    );
    assertEquals(queue.submit, GPUQueue.prototype.submit);
  },
});

Deno.test({
  ...needs(
    "a WebGPU adapter, and permission to read",
    WEBGPU.ignore === undefined && canRead(ROOT),
  )("checkouts are compared by what a minibatch costs the CPU"),
  fn: async () => {
    const settings = { engine: "step", rounds: 2, seconds: 0.01 };
    const pairs = await encodePairs(ROOT, SIZES, settings);
    assertEquals(pairs.length, 2);
    for (const { here, there, ratio } of pairs) {
      assert(here.finish > 0 && here.total > here.finish);
      assert(there.finish > 0 && there.total > there.finish);
      assertEquals(ratio, here.total / there.total);
    }
    await assertRejects(
      () => encodePairs(ROOT, SIZES, { ...settings, engine: "none" }),
      Error,
      "There is no engine none",
    );
  },
});

Deno.test({
  ...needsCommands("PyTorch's rates stand beside weena's, or what it lacks"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const python = `${folder.path}/python`;
    const lines = (...all: readonly object[]) => {
      const text = all.map((line) => JSON.stringify(line)).join("\n");
      Deno.writeTextFileSync(python, `#!/bin/sh\ncat <<END\n${text}\nEND\n`);
      Deno.chmodSync(python, 0o755);
    };
    const of = {
      hidden_size: 8,
      batch_size: 3,
      version: "2.0",
      device: "Test 1",
    };
    lines(
      { ...of, variant: "nn", tokens_per_second: 500 },
      { ...of, variant: "graph", tokens_per_second: 2000 },
    );
    const pytorch = await benchPyTorch([SIZES], 0.1, python);
    const rate = { ...SIZES, tokensPerSecond: 1000, milliseconds: 105 };
    const table = webGPUTable({ training: [rate], pytorch });
    assertEquals(table.split("\n").slice(2), [
      "  8           3       105.000     1,000      500   2.00           2,000   0.50",
      "",
      "PyTorch 2.0 on Test 1",
      "",
    ]);
    lines({ missing: "torch" });
    const missing = await benchPyTorch([SIZES], 0.1, python);
    assertEquals(missing, { missing: "torch" });
    assertStringIncludes(
      webGPUTable({ training: [rate], pytorch: missing }),
      "\nPyTorch was not measured: no torch.\n",
    );
    const none = `${folder.path}/none`;
    assertEquals(await benchPyTorch([SIZES], 0.1, none), { missing: none });
    Deno.writeTextFileSync(
      python,
      "#!/bin/sh\necho out of memory >&2; exit 1\n",
    );
    await assertRejects(
      () => benchPyTorch([SIZES], 0.1, python),
      TaskError,
      "PyTorch could not be measured: out of memory",
    );
  },
});
