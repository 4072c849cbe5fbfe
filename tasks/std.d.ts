// The package that repeats @std ships no types: these are the ones in use.

declare module "@std/assert" {
  type Message = string;
  // deno-lint-ignore no-explicit-any
  type ErrorClass<E extends Error> = new (...args: any[]) => E;
  export function assert(value: unknown, message?: Message): asserts value;
  export function assertEquals<T>(
    actual: T,
    expected: T,
    message?: Message,
  ): void;
  export function assertNotEquals<T>(
    actual: T,
    expected: T,
    message?: Message,
  ): void;
  export function assertMatch(
    actual: string,
    expected: RegExp,
    message?: Message,
  ): void;
  export function assertStringIncludes(
    actual: string,
    expected: string,
    message?: Message,
  ): void;
  export function assertThrows<E extends Error>(
    run: () => unknown,
    error: ErrorClass<E>,
    includes?: string,
    message?: Message,
  ): E;
  export function assertRejects<E extends Error>(
    run: () => PromiseLike<unknown>,
    error: ErrorClass<E>,
    includes?: string,
    message?: Message,
  ): Promise<E>;
}

declare module "@std/cli" {
  export interface ParseOptions {
    boolean?: readonly string[];
    string?: readonly string[];
    collect?: readonly string[];
    unknown?: (argument: string, key?: string, value?: unknown) => unknown;
  }
  export function parseArgs(
    args: readonly string[],
    options?: ParseOptions,
  ): { _: (string | number)[]; [flag: string]: unknown };
}

declare module "@std/path" {
  export function basename(path: string, suffix?: string): string;
  export function dirname(path: string): string;
  export function extname(path: string): string;
  export function fromFileUrl(url: string | URL): string;
  export function join(...parts: string[]): string;
  export function toFileUrl(path: string): URL;
  export function relative(from: string, to: string): string;
  export function resolve(...parts: string[]): string;
}

declare module "@std/text/levenshtein-distance" {
  export function levenshteinDistance(a: string, b: string): number;
}
