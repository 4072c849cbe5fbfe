import { assertEquals, assertThrows } from "@std/assert";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { oneHot } from "../../lib/model/one_hot.ts";
import { randomNormal } from "../../lib/random.ts";

Deno.test("oneHot has a 1 in the place of each id and zeros elsewhere", () => {
  assertEquals([...oneHot([2, 0], 3)], [0, 0, 1, 1, 0, 0]);
  assertEquals(oneHot(Uint32Array.of(4, 4), 5).length, 10);
  assertEquals(oneHot([], 5).length, 0);
});

Deno.test("oneHot refuses what is no id", () => {
  for (const id of [3, -1, 0.5, NaN]) {
    assertThrows(() => oneHot([0, id], 3), RangeError, `the id ${id}`);
  }
});

for (const precision of ["float64", "float32"] as const) {
  Deno.test(`one-hot vectors times a matrix are what oneHotLinear gathers, in ${precision}`, async () => {
    const T = 4, B = 3, H = 7, V = 5;
    using backend = openReference({ precision });
    const ids = Uint32Array.from({ length: T * B }, (_, i) => i * i % V);
    const values = randomNormal(1, { stream: "parameters" }, H * V);
    const weight = backend.allocate([H, V]);
    backend.write(weight, values);
    const gathered = backend.allocate([T, B, H]);
    const idTensor = backend.allocate([T, B], "u32");
    backend.write(idTensor, ids);
    backend.ops.oneHotLinear({ ids: idTensor, weight, output: gathered });
    const input = backend.allocate([T, B, V]);
    backend.write(input, oneHot(ids, V));
    const product = backend.allocate([T, B, H]);
    backend.ops.linear({ input, weight, output: product });
    // Exactly: every other term of the sum is a zero.
    assertEquals(await backend.read(product), await backend.read(gathered));
  });
}
