/**
 * GPUs that are not what they seem.
 *
 * @module
 */

/** What an adapter of hardware says of itself. */
const HARDWARE = {
  description: "Test 9000",
  device: "",
  vendor: "",
  architecture: "",
  isFallbackAdapter: false,
};

/** The platform's GPU under another name: hardware, whatever it is. */
export function disguised(): GPU {
  const platform = navigator.gpu;
  return {
    async requestAdapter(options?: GPURequestAdapterOptions) {
      const adapter = await platform.requestAdapter(options);
      if (adapter) Object.defineProperty(adapter, "info", { value: HARDWARE });
      return adapter;
    },
  } as GPU;
}

/** A GPU that has an adapter, said to be of hardware, but no device. */
export function unopened(message: string): GPU {
  const adapter = {
    info: HARDWARE,
    limits: {},
    requestDevice: () => Promise.reject(new Error(message)),
  };
  return { requestAdapter: () => Promise.resolve(adapter) } as unknown as GPU;
}

/** Runs `run` on a platform whose GPU is this one. */
export async function withGPU(
  gpu: GPU,
  run: () => Promise<void>,
): Promise<void> {
  Object.defineProperty(navigator, "gpu", { value: gpu, configurable: true });
  try {
    await run();
  } finally {
    delete (navigator as { gpu?: GPU }).gpu; // the platform's shows again
  }
}
