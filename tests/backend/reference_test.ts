import { testBackend } from "./contract.ts";
import { REFERENCES } from "./devices.ts";

for (const { name, open } of REFERENCES) testBackend(name, open);
