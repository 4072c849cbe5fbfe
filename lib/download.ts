/**
 * Stage 1: a text from the network, verified.
 *
 * @module
 */

/** Settings of {@linkcode download}. */
export interface DownloadOptions {
  /** The function that fetches: the platform's `fetch`, or a replacement. */
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>;
  /**
   * SHA-1 that the bytes must have, in hexadecimal digits. Default: it is not checked.
   */
  readonly sha1?: string;
  /** Aborts the download, for example `AbortSignal.timeout(60_000)`. */
  readonly signal?: AbortSignal;
}

/** None of the URLs gave the expected bytes. */
export class DownloadError extends Error {
  /** Name of the class, which messages and stack traces show. */
  override readonly name = "DownloadError";
}

/** The Time Machine by H. G. Wells, as used in the chapter: public domain. */
export const TIME_MACHINE = {
  name: "time-machine",
  urls: [
    "http://d2l-data.s3-accelerate.amazonaws.com/timemachine.txt",
    "https://raw.githubusercontent.com/d2l-ai/d2l-zh/5918a8b9e8dd92e5085c15118e76c919b04f09a7/data/timemachine.txt",
  ],
  sha1: "090b5e7e70c295757f55df93cb0a180b9691891a",
} as const;

/**
 * Downloads a file from the first URL that gives the right bytes.
 *
 * @param urls URLs, in order of preference.
 * @throws {DownloadError} If none of them does; the message says what each one gave.
 *
 * @example
 * ```ts
 * import { download } from "./download.ts";
 *
 * const fetch = () => Promise.resolve(new Response("abc"));
 * const sha1 = "a9993e364706816aba3e25717850c26c9cd0d89d";
 * const bytes = await download(["https://example.com/abc"], { fetch, sha1 });
 * console.assert(bytes.length === 3);
 * ```
 */
export async function download(
  urls: readonly string[],
  { fetch, sha1, signal }: DownloadOptions,
): Promise<Uint8Array> {
  const failures: string[] = [];
  for (const url of urls) {
    try {
      const response = await fetch(url, { signal });
      if (!response.ok) {
        await response.body?.cancel();
        throw new Error(`HTTP status ${response.status}`);
      }
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (sha1 !== undefined) await assertSha1(bytes, sha1);
      return bytes;
    } catch (error) {
      const { message, cause } = error as Error;
      // The address is said already.
      const why = cause instanceof Error
        ? ` (${cause.message.replace(/^.* for url \(.*?\): /, "")})`
        : "";
      failures.push(`${url}: ${message}${why}`);
    }
  }
  throw new DownloadError(`Cannot download: ${failures.join("; ")}`);
}

/**
 * SHA-1 in hexadecimal digits.
 *
 * @example
 * ```ts
 * import { sha1Of } from "./download.ts";
 *
 * const digest = await sha1Of(new TextEncoder().encode("abc"));
 * console.assert(digest === "a9993e364706816aba3e25717850c26c9cd0d89d");
 * ```
 */
export async function sha1Of(bytes: Uint8Array): Promise<string> {
  const copy = new Uint8Array(bytes); // digest takes no view of shared memory
  return new Uint8Array(await crypto.subtle.digest("SHA-1", copy)).toHex();
}

/** Throws an Error that says what the bytes look like if their SHA-1 is different. */
export async function assertSha1(
  bytes: Uint8Array,
  sha1: string,
): Promise<void> {
  const found = await sha1Of(bytes);
  if (found === sha1.toLowerCase()) return;
  const start = new TextDecoder().decode(bytes.subarray(0, 256)).trimStart();
  throw new Error(
    `${bytes.length} bytes with SHA-1 ${found}, expected ${sha1}` +
      (/^<(!doctype|html)/i.test(start) ? " (it looks like an HTML page)" : ""),
  );
}
