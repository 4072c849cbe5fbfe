import type { Backend } from "../../lib/backend/backend.ts";
import type { TestedDevice } from "./devices.ts";

/** Declares a test on a backend that is opened for it, and ignored where there is none. */
export function testOn(
  { name, open, ignore }: Omit<TestedDevice, "precision">,
  what: string,
  run: (backend: Backend) => Promise<void>,
): void {
  Deno.test({
    name: `${name}: ${what}` + (ignore ? ` (ignored: ${ignore})` : ""),
    ignore: ignore !== undefined,
    fn: async () => {
      using backend = await open();
      await run(backend);
    },
  });
}
