/**
 * What a case of `deno task torture` is, and how its trials are run.
 *
 * @module
 */

/** What a case is run with. */
export interface TortureOptions {
  /** Of the first trial; each further one has the next number. */
  readonly seed: number;
  /** How many trials; at most as many as there are, where they can be listed. */
  readonly count: number;
  /** Tells the person at the terminal how far it is. */
  readonly say: (text: string) => void;
}

/** A case: `torture` of a module in tests/torture. */
export interface Torture {
  /** As `--only` has it. */
  readonly name: string;
  /** What is done, and what has to hold, in a line. */
  readonly summary: string;
  /** How many trials there are where `--count` is not given. */
  readonly count: number;
  /** Runs it; throws an Error that says what did not hold, and with which seed. */
  readonly run: (options: TortureOptions) => Promise<void>;
}

/** How trials are run. */
export interface TrialOptions extends TortureOptions {
  /** Trials at a time; 2, which keep two cores busy. */
  readonly atOnce?: number;
  /** What `--count` has to be for one trial; 1. */
  readonly each?: number;
}

/** Failures that a message quotes. */
const QUOTED = 8;

/**
 * Runs `trial` on the seeds from `seed` on, `count` of them, even where some fail.
 *
 * @throws {Error} If any failed: how many, and of the first ones what did not hold
 * and the flags that repeat it.
 */
export async function trials(
  { seed, count, say, atOnce = 2, each = 1 }: TrialOptions,
  trial: (seed: number) => Promise<void>,
): Promise<void> {
  const failures: { seed: number; text: string }[] = [];
  const end = seed + count;
  let next = seed, done = 0;
  const worker = async () => {
    while (next < end) {
      const one = next++;
      try {
        await trial(one);
      } catch (error) {
        const text = `--seed ${one} --count ${each}: ${reasonOf(error)}`;
        failures.push({ seed: one, text });
        say(text);
      }
      if (++done % 50 === 0) say(`${done} of ${count}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (failures.length === 0) return;
  failures.sort((a, b) => a.seed - b.seed);
  const quoted = failures.slice(0, QUOTED).map(({ text }) => `\n  ${text}`);
  const rest = failures.length > QUOTED ? "\n  ..." : "";
  throw new Error(
    `${failures.length} of ${count} trials failed:${quoted.join("")}${rest}`,
  );
}

/**
 * Runs `trial` on a list: the first is that of the seed, counted from 1 on, and
 * behind the last comes the first again.
 */
export async function trialsOf<T>(
  options: TrialOptions,
  all: readonly T[],
  trial: (one: T, seed: number) => Promise<void>,
): Promise<void> {
  const some = { ...options, count: Math.min(options.count, all.length) };
  const index = (seed: number) => (seed - 1) % all.length;
  await trials(some, (seed) => trial(all[index(seed)], seed));
}

/** The same with trials of which each has a name, told `what`; an error begins with it. */
export async function namedTrials<T>(
  options: TrialOptions,
  all: readonly (readonly [
    name: string,
    trial: (what: T, seed: number) => Promise<void>,
  ])[],
  what: T,
): Promise<void> {
  await trialsOf(options, all, async ([name, trial], seed) => {
    try {
      await trial(what, seed);
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`);
    }
  });
}

/** An error's message on one line, of which the first thousand characters. */
function reasonOf(error: unknown): string {
  if (error instanceof SuppressedError) return reasonOf(error.suppressed);
  const text = error instanceof Error ? error.message : String(error);
  // deno-lint-ignore no-control-regex
  const line = text.replace(/\x1b\[\d*m/g, "").replace(/\s+/g, " ").trim();
  return line.length > 1000 ? `${line.slice(0, 1000)}...` : line;
}
