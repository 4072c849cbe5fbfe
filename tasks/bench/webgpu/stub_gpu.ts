/**
 * A GPU that computes nothing and remembers what it is told to do.
 *
 * @module
 */

/** A buffer as it was asked for. */
export interface StubBuffer {
  readonly label: string;
  readonly size: number; // bytes
  readonly isUniform: boolean;
  /** What was written into it, where it holds uniforms; empty otherwise. */
  readonly contents: Uint8Array;
  /** The number that all its elements are taken to be, since nothing is computed. */
  constant: number;
}

/** A pipeline as it was asked for. */
export interface StubPipeline {
  /** The kernel's name, then the overrides that are set. */
  readonly label: string;
  /** The WGSL that it was compiled from. */
  readonly code: string;
  readonly constants: Readonly<Record<string, number>>;
}

/** One dispatch, with all that its kernel can see. */
export interface StubDispatch {
  readonly kind: "dispatch";
  readonly pipeline: StubPipeline;
  readonly grid: readonly [number, number, number];
  /** Storage buffers by the number of their binding. */
  readonly buffers: ReadonlyMap<number, StubBuffer>;
  readonly uniform: { readonly buffer: StubBuffer; readonly offset: number };
  /** The uniform's contents at the time of the submission; empty before it. */
  uniformBytes: ArrayBuffer;
}

/** One copy between buffers. */
export interface StubCopy {
  readonly kind: "copy";
  readonly source: StubBuffer;
  readonly destination: StubBuffer;
  /** First byte of the destination, and how many. */
  readonly to: number;
  readonly bytes: number;
}

/** What the device is told, in the order of the calls. */
export type StubCall =
  | StubDispatch
  | StubCopy
  | { readonly kind: "createBuffer"; readonly buffer: StubBuffer }
  | { readonly kind: "writeBuffer"; readonly bytes: number }
  | {
    readonly kind:
      | "createBindGroup"
      | "beginComputePass"
      | "setPipeline"
      | "setBindGroup"
      | "submit"
      | "mapAsync";
  };

/** A stub, and what its devices were told. */
export interface StubGPU {
  readonly gpu: GPU;
  readonly calls: StubCall[];
}

interface StubBindGroup {
  readonly buffers: ReadonlyMap<number, StubBuffer>;
  readonly uniform: { readonly buffer: StubBuffer; readonly offset: number };
}

// GPUBufferUsage.
const MAP_READ = 0x1, UNIFORM = 0x40;

/** The limits that every device has, but for the size of a buffer. */
const LIMITS = {
  maxBufferSize: 2 ** 34,
  maxStorageBufferBindingSize: 2 ** 34,
  maxComputeWorkgroupsPerDimension: 65535,
  minUniformBufferOffsetAlignment: 256,
};

/**
 * A GPU whose buffers hold nothing but uniforms. What is read back from it are the
 * constants of the buffers, which `run` may set.
 *
 * @param run Called for each dispatch when it is submitted.
 */
export function stubGPU(run: (dispatch: StubDispatch) => void): StubGPU {
  const calls: StubCall[] = [];
  const createCommandEncoder = () => {
    const commands: (StubDispatch | StubCopy)[] = [];
    const note = (call: StubCall) => void calls.push(call);
    return {
      beginComputePass() {
        note({ kind: "beginComputePass" });
        return new StubPass((call) => {
          note(call);
          if (call.kind === "dispatch") commands.push(call);
        });
      },
      copyBufferToBuffer(
        source: StubBuffer,
        _from: number,
        destination: StubBuffer,
        to: number,
        bytes: number,
      ) {
        const copy = { kind: "copy", source, destination, to, bytes } as const;
        note(copy);
        commands.push(copy);
      },
      finish: () => commands,
    };
  };
  const queue = {
    writeBuffer(
      buffer: StubBuffer,
      to: number,
      data: ArrayBufferView,
      first = 0,
      size?: number,
    ) {
      const bytes = bytesOf(data, first, size);
      if (buffer.isUniform) buffer.contents.set(bytes, to);
      calls.push({ kind: "writeBuffer", bytes: bytes.length });
    },
    submit(buffers: readonly (readonly (StubDispatch | StubCopy)[])[]) {
      calls.push({ kind: "submit" });
      for (const command of buffers.flat()) {
        if (command.kind === "dispatch") {
          const { uniform: { buffer, offset } } = command;
          command.uniformBytes = buffer.contents.slice(offset, offset + 256)
            .buffer;
          run(command);
        } else {
          copy(command);
        }
      }
    },
  };
  return {
    gpu: gpuOf({ ...objectsOf(calls), createCommandEncoder, queue }),
    calls,
  };
}

/** A GPU that does as little as can be: what remains is the time of its caller. */
export function idleGPU(): GPU {
  const pass = {
    setPipeline() {},
    setBindGroup() {},
    dispatchWorkgroups() {},
    end() {},
  };
  const encoder = { beginComputePass: () => pass, finish() {} };
  return gpuOf({
    ...objectsOf([]),
    createCommandEncoder: () => encoder,
    queue: { writeBuffer() {}, submit() {} },
  });
}

/** What makes the objects of a device, and notes some of them. */
function objectsOf(calls: StubCall[]) {
  return {
    createShaderModule: ({ code }: GPUShaderModuleDescriptor) => ({ code }),
    createBindGroupLayout: () => ({}),
    createPipelineLayout: () => ({}),
    createComputePipeline({ label, compute }: GPUComputePipelineDescriptor) {
      const { code } = compute.module as unknown as { code: string };
      return { label, code, constants: compute.constants ?? {} };
    },
    createBindGroup({ entries }: GPUBindGroupDescriptor): StubBindGroup {
      calls.push({ kind: "createBindGroup" });
      const bound = [...entries].map(({ binding, resource }) => {
        const { buffer, offset = 0 } = resource as GPUBufferBinding;
        return { binding, buffer: buffer as unknown as StubBuffer, offset };
      });
      return {
        uniform: bound.find(({ buffer }) => buffer.isUniform)!,
        buffers: new Map(
          bound.filter(({ buffer }) => !buffer.isUniform)
            .map(({ binding, buffer }) => [binding, buffer]),
        ),
      };
    },
    createBuffer({ label = "", size, usage }: GPUBufferDescriptor) {
      const isUniform = (usage & UNIFORM) !== 0;
      const holds = isUniform || (usage & MAP_READ) !== 0;
      const contents = new Uint8Array(holds ? size : 0);
      const buffer = {
        label,
        size,
        isUniform,
        contents,
        constant: 0,
        destroy() {},
        mapAsync() {
          calls.push({ kind: "mapAsync" });
          return Promise.resolve();
        },
        getMappedRange: () => contents.buffer,
      };
      calls.push({ kind: "createBuffer", buffer });
      return buffer;
    },
  };
}

/** An adapter of one device with these functions. */
function gpuOf(functions: object): GPU {
  const device = {
    limits: LIMITS,
    features: new Set(),
    lost: new Promise(() => {}),
    addEventListener() {},
    pushErrorScope() {},
    popErrorScope: () => Promise.resolve(null),
    destroy() {},
    ...functions,
  };
  const adapter = {
    info: { description: "stub", isFallbackAdapter: false },
    limits: LIMITS,
    features: new Set(),
    requestDevice: () => Promise.resolve(device),
  };
  return {
    requestAdapter: () => Promise.resolve(adapter),
  } as unknown as GPU;
}

/** A compute pass, which keeps what is set until it is set anew. */
class StubPass {
  readonly #note: (call: StubCall) => void;
  #pipeline?: StubPipeline;
  #group?: StubBindGroup;
  #offset = 0;

  constructor(note: (call: StubCall) => void) {
    this.#note = note;
  }

  setPipeline(pipeline: StubPipeline): void {
    this.#pipeline = pipeline;
    this.#note({ kind: "setPipeline" });
  }

  setBindGroup(
    _index: number,
    group: StubBindGroup,
    offsets: ArrayLike<number> = [0],
    first = 0,
  ): void {
    this.#group = group;
    this.#offset = offsets[first];
    this.#note({ kind: "setBindGroup" });
  }

  dispatchWorkgroups(x: number, y = 1, z = 1): void {
    const { uniform, buffers } = this.#group!;
    this.#note({
      kind: "dispatch",
      pipeline: this.#pipeline!,
      grid: [x, y, z],
      buffers,
      uniform: { ...uniform, offset: uniform.offset + this.#offset },
      uniformBytes: new ArrayBuffer(0),
    });
  }

  end(): void {}
}

/** Copies the source's constant to where what is read back is kept. */
function copy({ source, destination, to, bytes }: StubCopy): void {
  if (destination.contents.length === 0) return;
  const view = new Float32Array(destination.contents.buffer, to, bytes / 4);
  view.fill(source.constant);
}

/** Of a view the bytes from its element `first` on. */
function bytesOf(
  data: ArrayBufferView,
  first: number,
  size?: number,
): Uint8Array {
  const all = data as Uint8Array; // any typed array
  const part = all.subarray(
    first,
    size === undefined ? undefined : first + size,
  );
  return new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
}
