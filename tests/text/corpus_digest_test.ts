import { assertEquals } from "@std/assert";
import { corpusDigest } from "../../lib/text/corpus_digest.ts";

const hex = (bytes: ArrayBuffer) => new Uint8Array(bytes).toHex();
const sha256 = (bytes: Uint8Array<ArrayBuffer>) =>
  crypto.subtle.digest("SHA-256", bytes);

Deno.test("the digest is of the digests of blocks of 32-bit ids", async () => {
  const ids = Uint32Array.from({ length: 2 ** 20 + 5 }, (_, i) => i % 200);
  const bytes = new Uint8Array(ids.buffer);
  const digests = new Uint8Array(64);
  digests.set(new Uint8Array(await sha256(bytes.slice(0, 2 ** 22))));
  digests.set(new Uint8Array(await sha256(bytes.slice(2 ** 22))), 32);
  assertEquals(await corpusDigest(ids), hex(await sha256(digests)));
});

Deno.test("the digest is the same in arrays of any width", async () => {
  const ids = Array.from({ length: 1000 }, (_, i) => i % 256);
  const digest = await corpusDigest(Uint32Array.from(ids));
  assertEquals(await corpusDigest(Uint8Array.from(ids)), digest);
  assertEquals(await corpusDigest(Uint16Array.from(ids)), digest);
  const part = Uint16Array.from([9, ...ids, 9]).subarray(1, 1001);
  assertEquals(await corpusDigest(part), digest);
});

Deno.test("other ids have another digest", async () => {
  const ids = Uint8Array.of(1, 2, 3);
  const digests = await Promise.all(
    [[], [0], [1, 2], [1, 2, 3], [2, 1, 3], [1, 2, 3, 0]]
      .map((ids) => corpusDigest(Uint8Array.from(ids))),
  );
  assertEquals(new Set(digests).size, digests.length);
  assertEquals(digests[3], await corpusDigest(ids));
});
