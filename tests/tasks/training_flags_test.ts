import { assertEquals, assertThrows } from "@std/assert";
import { parseCommandLine, UsageError } from "../../tasks/cli/flags.ts";
import { withPreset } from "../../tasks/cli/presets.ts";
import { assertUseful } from "../../tasks/cli/training_flags.ts";
import { command as partition } from "../../tasks/partition.ts";
import { command as train } from "../../tasks/train.ts";

/** The flags of a command line of train. */
const flagsOf = (...args: string[]) => parseCommandLine(train, args).flags;

Deno.test("a warm-up is over before training is", () => {
  const cases: [string[], string | undefined][] = [
    [["--warmup=600"], "--warmup 600 does not end within 500 epochs"],
    [["--warmup=500"], "--warmup 500 does not end within 500 epochs"],
    [["--warmup=499.5"], undefined],
    [["--warmup=2", "--epochs=2"], "--warmup 2 does not end within 2 epochs"],
    [["--warmup=600", "--epochs=601"], undefined],
    [["--preset=own-text", "--warmup=30"], "does not end within 30 epochs"],
    [["--preset=own-text", "--warmup=3"], undefined],
  ];
  for (const [args, expected] of cases) {
    const given = flagsOf(...args);
    const check = () => assertUseful(withPreset(given.preset, given));
    if (expected === undefined) check();
    else assertThrows(check, UsageError, expected);
  }
});

Deno.test("sizes that no device has room for are refused with the greatest", () => {
  const cases: [string, number][] = [
    ["hidden-size", 65_536],
    ["embedding-size", 65_536],
    ["num-layers", 1000],
    ["batch-size", 1_000_000],
    ["num-steps", 1_000_000],
  ];
  for (const [flag, most] of cases) {
    for (const value of [most + 1, 100_000_000, 2 ** 53 - 1]) {
      assertThrows(
        () => flagsOf(`--${flag}=${value}`),
        UsageError,
        `--${flag} cannot be "${value}": expected a whole number from ` +
          `${flag === "embedding-size" ? 0 : 1} to ${most}`,
      );
    }
    assertEquals(flagsOf(`--${flag}=${most}`)[flag as "hidden-size"], most);
  }
  assertThrows(
    () => parseCommandLine(partition, ["--batch-size=100000000"]),
    UsageError,
    "to 1000000",
  );
});
