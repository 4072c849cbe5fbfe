import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { testGolden } from "./golden.ts";

testGolden("reference in float64", () => openReference(), "float64");
testGolden(
  "reference in float32",
  () => openReference({ precision: "float32" }),
  "float32",
);
