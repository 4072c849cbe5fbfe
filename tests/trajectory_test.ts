import { inCI } from "./access.ts";
import { REFERENCES, WEBGPU } from "./backend/devices.ts";
import { testTrajectory } from "./trajectory.ts";

for (const { name, open, precision } of REFERENCES) {
  testTrajectory(name, open, undefined, { precision });
}

// A software adapter takes two seconds an epoch: all 40 in CI, elsewhere the first
// five, whose minibatches are compared one by one.
testTrajectory(WEBGPU.name, WEBGPU.open, WEBGPU.ignore, {
  epochs: inCI ? undefined : 5,
});
