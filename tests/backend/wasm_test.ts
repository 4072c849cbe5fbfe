import { openBuild } from "../../lib/backend/wasm/wasm_backend.ts";
import { testBackend } from "./contract.ts";

for (const threads of [1, 2, 3]) {
  testBackend(
    `cpu, ${threads} threads`,
    () => openBuild("relaxed", { threads }),
  );
}
testBackend("cpu, plain SIMD", () => openBuild("plain", { threads: 2 }));
