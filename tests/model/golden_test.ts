import { REFERENCES, WEBGPU } from "../backend/devices.ts";
import { testGolden } from "./golden.ts";

for (const { name, open, precision, ignore } of [...REFERENCES, WEBGPU]) {
  testGolden(name, open, precision, ignore);
}
