import process from "node:process";

/**
 * How many milliseconds of CPU time a function takes, on all threads of this process:
 * what other programs take does not count.
 */
export function cpuTime(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
