/**
 * The model that comes with weena, for those who have not trained one yet.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";

/** Where it lies: in the project, whatever folder a task runs in. */
export const BUNDLED_MODEL = new URL(
  "../../data/time-machine.safetensors",
  import.meta.url,
);

/** What to say on stderr where it is used. */
export const BUNDLED_MODEL_NOTE =
  "you have not trained a model yet, so this is the one that " +
  "comes with weena, trained on The Time Machine. To train your " +
  "own: deno task train";

/**
 * Path of its file; undefined where there is none that can be read, as when the
 * tasks were imported from a URL.
 */
export async function bundledModelPath(
  location: URL = BUNDLED_MODEL,
): Promise<string | undefined> {
  if (location.protocol !== "file:") return undefined;
  const path = fromFileUrl(location);
  try {
    return (await Deno.stat(path)).isFile ? path : undefined;
  } catch {
    return undefined; // it is a convenience: its absence is no error
  }
}
