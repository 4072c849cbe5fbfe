import { assertEquals, assertThrows } from "@std/assert";
import type { Tensor } from "../../lib/backend/backend.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";

/** A backend, and tensors of it that hold numbers. */
function opened() {
  const backend = openReference();
  const tensor = (...values: number[]) => {
    const one = backend.allocate([values.length]);
    backend.write(one, values);
    return one;
  };
  return {
    backend,
    tensor,
    read: async (one: Tensor) => [...await backend.read(one)],
  };
}

Deno.test("calls of many shapes in turn have each its tensors", async () => {
  const { backend, tensor, read } = opened();
  for (let turn = 0; turn < 3; turn++) {
    for (let size = 1; size <= 20; size++) { // more than are remembered
      const source = tensor(
        ...Array.from({ length: size }, (_, i) => i + turn),
      );
      const destination = backend.allocate([size]);
      backend.ops.copy({ source, destination });
      assertEquals(await read(destination), await read(source));
    }
  }
});

Deno.test("a call with its arguments in another order has each in its place", async () => {
  const { backend, tensor, read } = opened();
  const a = tensor(1, 2), b = tensor(3, 4);
  backend.ops.copy({ source: a, destination: b });
  assertEquals(await read(b), [1, 2]);
  backend.write(b, [5, 6]);
  backend.ops.copy({ destination: a, source: b });
  assertEquals(await read(a), [5, 6]);
});

Deno.test("a scalar that was given before does not stay", async () => {
  const { backend, tensor, read } = opened();
  const one = tensor(0, 0);
  for (const value of [1, 2, 2, 3]) {
    backend.ops.fill({ tensor: one, value });
    assertEquals(await read(one), [value, value]);
  }
  const logits = backend.allocate([1, 3]);
  const tokens = backend.allocate([1], "u32");
  for (const [firstId, expected] of [[2, 2], [undefined, 0], [1, 1]] as const) {
    backend.ops.sample({ logits, tokens, firstId });
    assertEquals(await read(tokens), [expected]);
  }
  backend.ops.sample({ logits, tokens });
  assertEquals(await read(tokens), [0]);
});

Deno.test("arguments that an object inherits are read at every call", async () => {
  const { backend, tensor, read } = opened();
  class Arguments {
    readonly #source: Tensor;
    readonly #destination: Tensor;
    constructor(source: Tensor, destination: Tensor) {
      this.#source = source;
      this.#destination = destination;
    }
    get source() {
      return this.#source;
    }
    get destination() {
      return this.#destination;
    }
  }
  for (const value of [1, 2]) {
    const destination = tensor(0);
    backend.ops.copy(new Arguments(tensor(value), destination));
    assertEquals(await read(destination), [value]);
  }
});

Deno.test("a call like one before is refused where that is wrong now", () => {
  const { backend, tensor } = opened();
  const all = tensor(1, 2, 3, 4);
  const source = all.view(0, [2]), destination = all.view(2, [2]);
  const overlapping = all.view(1, [2]);
  const copy = (source: Tensor, destination: Tensor) =>
    backend.ops.copy({ source, destination });
  copy(source, destination);
  for (let i = 0; i < 2; i++) {
    assertThrows(() => copy(source, overlapping), RangeError, "overlaps");
  }
  copy(source, destination);
  backend.free(all);
  assertThrows(() => copy(source, destination), TypeError, "a freed f32 (2)");
});
