import {
  encodeCheckpoint,
  type TrainedModel,
} from "../../lib/training/checkpoint.ts";
import { untrained } from "../generation/model.ts";
import type { TemporaryFolder } from "./command.ts";

/** Writes a model that was never trained to `model.safetensors`. */
export async function writeModel(
  folder: TemporaryFolder,
  ...given: Parameters<typeof untrained>
): Promise<TrainedModel> {
  const model = untrained(...given);
  const bytes = await encodeCheckpoint({ ...model, provenance: "a test" });
  Deno.writeFileSync(`${folder.path}/model.safetensors`, bytes);
  return model;
}
