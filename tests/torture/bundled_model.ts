/**
 * The bundled model, built again: the same bytes.
 *
 * @module
 */

import { openBackend } from "../../lib/backend/open.ts";
import {
  decodeCheckpoint,
  encodeCheckpoint,
} from "../../lib/training/checkpoint.ts";
import { buildModel, CORPUS, SETTINGS } from "../../tasks/build_model.ts";
import { BUNDLED_MODEL } from "../../tasks/cli/bundled_model.ts";
import { loadCorpus } from "../../tasks/cli/corpus.ts";
import { multiplyAddOf } from "../../tasks/cli/multiply_add.ts";
import type { Torture, TortureOptions } from "./tools/torture.ts";

/** The case; seed 1 builds on all cores, 2 on one fewer, and so on round. */
export const torture: Torture = {
  name: "bundled-model",
  summary: "builds the bundled model again: the same bytes",
  count: 1,
  run,
};

async function run({ seed, count, say }: TortureOptions): Promise<void> {
  const shipped = await Deno.readFile(BUNDLED_MODEL);
  const { provenance } = await decodeCheckpoint(shipped);
  const corpus = await loadCorpus(CORPUS);
  const most = navigator.hardwareConcurrency;
  for (let index = 0; index < count; index++) {
    const threads = most - (seed - 1 + index) % most;
    using backend = await openBackend("cpu", { threads });
    const rounding = await multiplyAddOf(backend);
    if (provenance !== `weena, ${rounding} multiply-add`) {
      say(
        `cannot be compared: the file is of "${provenance}", and this machine ` +
          `has ${rounding} multiply-add`,
      );
      return;
    }
    say(
      `--seed ${seed + index}, which builds on ${threads} of ${most} threads`,
    );
    const model = await buildModel(corpus, backend, SETTINGS);
    const bytes = await encodeCheckpoint(model);
    if (
      bytes.length !== shipped.length ||
      bytes.some((byte, i) => byte !== shipped[i])
    ) {
      throw new Error(
        `Built on ${threads} threads (--seed ${seed + index} --count 1) the ` +
          `model is not data/time-machine.safetensors`,
      );
    }
  }
}
