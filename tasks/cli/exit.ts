/**
 * How a task ends.
 *
 * @module
 */

/** Exit codes, as the README lists them. Those above 128 are 128 and the signal's number. */
export const EXIT = {
  failure: 1,
  usage: 2,
  input: 3,
  diverged: 4,
  device: 5,
  network: 6,
  files: 7,
  busy: 8,
  hangup: 129,
  interrupted: 130,
  brokenPipe: 141,
  terminated: 143,
} as const;

/** An error that names its exit code. */
export class TaskError extends Error {
  override readonly name: string = "TaskError";

  constructor(readonly exitCode: number, message: string) {
    super(message);
  }
}
