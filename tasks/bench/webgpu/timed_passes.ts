// GPUBufferUsage and GPUMapMode.
const MAP_READ = 0x1, COPY_SRC = 0x4, COPY_DST = 0x8, QUERY_RESOLVE = 0x200;
const MODE_READ = 0x1;

/** Records the commands of a pass. */
export type RecordPass = (pass: GPUComputePassEncoder) => void;

/**
 * Runs each of these passes and returns how many milliseconds it took, by the device's
 * own clock. The device must have the feature `timestamp-query`.
 */
export async function timePasses(
  device: GPUDevice,
  passes: readonly RecordPass[],
): Promise<number[]> {
  const count = 2 * passes.length;
  const querySet = device.createQuerySet({ type: "timestamp", count });
  const size = 8 * count;
  const resolved = device.createBuffer({
    size,
    usage: QUERY_RESOLVE | COPY_SRC,
  });
  const staging = device.createBuffer({ size, usage: MAP_READ | COPY_DST });
  const encoder = device.createCommandEncoder();
  passes.forEach((record, i) => {
    const pass = encoder.beginComputePass({
      timestampWrites: {
        querySet,
        beginningOfPassWriteIndex: 2 * i,
        endOfPassWriteIndex: 2 * i + 1,
      },
    });
    record(pass);
    pass.end();
  });
  encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(MODE_READ);
  const times = new BigUint64Array(staging.getMappedRange().slice(0));
  querySet.destroy();
  resolved.destroy();
  staging.destroy();
  return passes.map((_, i) => Number(times[2 * i + 1] - times[2 * i]) / 1e6);
}
