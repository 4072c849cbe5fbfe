import type { TokenIds } from "./token_ids.ts";

/** Ids that are hashed at a time. */
const BLOCK = 2 ** 20;

/**
 * A digest of token ids that is the same in arrays of any width, in hexadecimal.
 *
 * The platform's SHA-256 takes its input whole, and whole these would be four
 * bytes an id. So this is the SHA-256 of the SHA-256s of blocks of 2²⁰ ids, each
 * id an unsigned number of 32 bits, little-endian.
 *
 * @example
 * ```ts
 * import { corpusDigest } from "./corpus_digest.ts";
 *
 * const narrow = await corpusDigest(Uint8Array.of(1, 2));
 * console.assert(narrow === await corpusDigest(Uint32Array.of(1, 2)));
 * ```
 */
export async function corpusDigest(ids: TokenIds): Promise<string> {
  const blocks = Math.ceil(ids.length / BLOCK);
  const digests = new Uint8Array(32 * blocks);
  for (let block = 0; block < blocks; block++) {
    const part = ids.subarray(block * BLOCK, (block + 1) * BLOCK);
    // Every platform with typed arrays that JavaScript runs on is little-endian.
    const digest = await crypto.subtle.digest("SHA-256", new Uint32Array(part));
    digests.set(new Uint8Array(digest), 32 * block);
  }
  const whole = await crypto.subtle.digest("SHA-256", digests);
  return new Uint8Array(whole).toHex();
}
