import {
  findAdapter,
  openWebGPU,
} from "../../lib/backend/webgpu/webgpu_backend.ts";
import { testBackend } from "./contract.ts";

const found = await findAdapter();
testBackend("webgpu", () => openWebGPU(), found ? undefined : "no adapter");
