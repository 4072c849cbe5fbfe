import { assertEquals } from "@std/assert";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { openBuild } from "../../lib/backend/wasm/wasm_backend.ts";
import { multiplyAddOf } from "../../tasks/cli/multiply_add.ts";

Deno.test("products that are rounded by themselves are told from fused ones", async () => {
  // Without relaxed SIMD the kernels multiply, then add.
  using plain = await openBuild("plain", { threads: 1 });
  assertEquals(await multiplyAddOf(plain), "separate");
  // In float64 the product of two float32 is exact, which is what fused means.
  using exact = openReference({ precision: "float64" });
  assertEquals(await multiplyAddOf(exact), "fused");
});
