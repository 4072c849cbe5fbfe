import { openReference } from "../lib/backend/reference/reference_backend.ts";
import { testTrajectory } from "./trajectory.ts";

// All 40 minibatches that are compared one by one; a faster backend runs all
// 40 epochs.
testTrajectory(
  "reference in float64",
  () => openReference(),
  undefined,
  { epochs: 5, precision: "float64" },
);
testTrajectory(
  "reference in float32",
  () => openReference({ precision: "float32" }),
  undefined,
  { minibatches: 12 },
);
