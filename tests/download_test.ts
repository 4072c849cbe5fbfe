import { assertEquals, assertRejects } from "@std/assert";
import { download, DownloadError, sha1Of } from "../lib/download.ts";

const RIGHT = "a9993e364706816aba3e25717850c26c9cd0d89d"; // of "abc"

/** A network that answers by address. */
function network(
  answers: Readonly<Record<string, () => Response | Promise<Response>>>,
): { fetch: (url: string) => Promise<Response>; asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    fetch: async (url) => {
      asked.push(url);
      return await answers[url]();
    },
  };
}

Deno.test("download takes the first address that gives the right bytes", async () => {
  const { fetch, asked } = network({
    a: () => new Response("nothing here", { status: 503 }),
    b: () =>
      Promise.reject(new TypeError("no route", { cause: new Error("DNS") })),
    c: () => new Response("abx"),
    d: () => new Response("abc"),
    e: () => new Response("abc"),
  });
  const bytes = await download([..."abcde"], { fetch, sha1: RIGHT });
  assertEquals(new TextDecoder().decode(bytes), "abc");
  assertEquals(asked, [..."abcd"]);
});

Deno.test("download says what every address gave", async () => {
  const { fetch } = network({
    a: () => new Response("nothing here", { status: 503 }),
    b: () =>
      Promise.reject(new TypeError("no route", { cause: new Error("DNS") })),
    c: () => new Response(" <!doctype html>"),
  });
  const { message } = await assertRejects(
    () => download([..."abc"], { fetch, sha1: RIGHT.toUpperCase() }),
    DownloadError,
  );
  for (
    const part of [
      "a: HTTP status 503",
      "b: no route (DNS)",
      `expected ${RIGHT.toUpperCase()} (it looks like an HTML page)`,
    ]
  ) assertEquals(message.includes(part), true, message);
});

Deno.test("download without a SHA-1 takes any bytes, and stops when told to", async () => {
  const { fetch } = network({ a: () => new Response("") });
  assertEquals((await download(["a"], { fetch })).length, 0);
  const aborted = AbortSignal.abort(new Error("time is up"));
  await assertRejects(
    () =>
      download(["a"], {
        fetch: (_, init) => Promise.reject(init!.signal!.reason),
        signal: aborted,
      }),
    DownloadError,
    "time is up",
  );
});

Deno.test("SHA-1 of a view is that of its bytes alone", async () => {
  const bytes = new TextEncoder().encode("xabcx").subarray(1, 4);
  assertEquals(await sha1Of(bytes), RIGHT);
});
