import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { testBackend } from "./contract.ts";

testBackend(
  "reference in float32",
  () => openReference({ precision: "float32" }),
);
testBackend(
  "reference in float64",
  () => openReference({ precision: "float64" }),
);
