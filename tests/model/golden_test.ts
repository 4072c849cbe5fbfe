import { CPUS, REFERENCES, WEBGPU, WEBGPU_STEPS } from "../backend/devices.ts";
import { testGolden } from "./golden.ts";

for (
  const { name, open, precision, ignore } of [
    ...REFERENCES,
    ...CPUS,
    WEBGPU,
    WEBGPU_STEPS,
  ]
) {
  testGolden(name, open, precision, ignore);
}
