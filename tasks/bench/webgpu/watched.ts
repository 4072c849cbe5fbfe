/**
 * The platform's GPU, whose devices go through `see` before the backend has them.
 *
 * @param features What a device is to have beside, where the adapter has it.
 */
export function watched(
  see: (device: GPUDevice) => void,
  features: readonly GPUFeatureName[] = [],
): GPU {
  return {
    async requestAdapter(options?: GPURequestAdapterOptions) {
      const adapter = await navigator.gpu?.requestAdapter(options);
      if (!adapter) return null;
      const requestDevice = adapter.requestDevice.bind(adapter);
      adapter.requestDevice = async (descriptor) => {
        const requiredFeatures = [
          ...descriptor?.requiredFeatures ?? [],
          ...features.filter((name) => adapter.features.has(name)),
        ];
        const device = await requestDevice({ ...descriptor, requiredFeatures });
        see(device);
        return device;
      };
      return adapter;
    },
  } as GPU;
}
