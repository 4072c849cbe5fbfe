/**
 * Imported by tests that call what tasks are made of in their own process: what is
 * said meanwhile is not shown among their results.
 *
 * @module
 */

for (const stream of [Deno.stdout, Deno.stderr]) {
  stream.write = (bytes) => Promise.resolve(bytes.length);
}
