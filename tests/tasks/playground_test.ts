import { assert, assertEquals, assertMatch } from "@std/assert";
import { evaluate } from "../../lib/evaluate.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { tokenize } from "../../lib/tokenize.ts";
import { train } from "../../lib/train.ts";
import type { Checkpoint } from "../../lib/training/checkpoint.ts";
import { respond } from "../../tasks/bundle/serve.ts";
import { readText } from "../../tasks/playground/reading.ts";
import { logTicks, wholeTicks } from "../../tasks/playground/scale.ts";
import { usablePrefix } from "../../tasks/playground/writing.ts";

const FILES = new Map([
  ["index.html", new TextEncoder().encode("<title>weena</title>")],
  ["worker.js", new TextEncoder().encode("1")],
]);

const get = (address: string, init?: RequestInit) =>
  respond(FILES, new Request(address, init));

Deno.test("the page is served isolated, and with a strict policy", async () => {
  const response = get("http://127.0.0.1:8000/");
  assertEquals(response.status, 200);
  assertEquals(await response.text(), "<title>weena</title>");
  const { headers } = response;
  assertEquals(headers.get("content-type"), "text/html; charset=utf-8");
  assertEquals(headers.get("cross-origin-opener-policy"), "same-origin");
  assertEquals(headers.get("cross-origin-embedder-policy"), "require-corp");
  const policy = headers.get("content-security-policy")!;
  assertMatch(policy, /^default-src 'none'; /);
  assert(
    !/unsafe-inline|unsafe-eval(?<!wasm-unsafe-eval)|\*|https?:/.test(policy),
  );
  const script = get("http://localhost:8000/worker.js");
  assertEquals(
    script.headers.get("content-type"),
    "text/javascript; charset=utf-8",
  );
});

Deno.test("what is not the page's is refused", async () => {
  for (
    const [address, method, status] of [
      ["http://evil.example/", "GET", 403],
      ["http://127.0.0.1.evil.example/", "GET", 403],
      ["http://127.0.0.1/", "POST", 405],
      ["http://127.0.0.1/deno.json", "GET", 404],
      ["http://127.0.0.1/../deno.json", "GET", 404],
      ["http://127.0.0.1/%2e%2e/deno.json", "GET", 404],
      ["http://127.0.0.1//etc/passwd", "GET", 404],
      ["http://127.0.0.1/constructor", "GET", 404],
    ] as const
  ) assertEquals(get(address, { method }).status, status, address);
  const head = get("http://127.0.0.1/", { method: "HEAD" });
  assertEquals([head.status, await head.text()], [200, ""]);
});

/** A model that was trained for a moment. */
async function trained(level: "char" | "word" | "byte"): Promise<Checkpoint> {
  using backend = openReference();
  const text = "a wheel went round, and a wheel came round. ".repeat(4);
  const options = { hiddenSize: 6, batchSize: 2, numSteps: 5, epochs: 2 };
  const corpus = tokenize(text, { level });
  for await (const event of train(corpus, backend, options)) {
    if (event.type === "checkpoint") return event.checkpoint;
  }
  throw new Error("There was no checkpoint");
}

for (const level of ["char", "word", "byte"] as const) {
  Deno.test(`a text is read as evaluate reads it: ${level}`, async () => {
    const model = await trained(level);
    using backend = openReference();
    const text = "a wheel went and a wheel";
    const { tokens, states, hiddenSize } = await readText(
      model,
      backend,
      text,
      0,
    );
    assertEquals(tokens.map((token) => token.text).join(""), text);
    assertEquals(states.length, tokens.length * hiddenSize);
    const { vocabulary, tokenizer } = model;
    const corpus = tokenize(text, { ...tokenizer, vocabulary });
    const { loss } = await evaluate(model, corpus, backend);
    const found = -tokens.slice(1)
      .reduce((sum, { probability }) => sum + Math.log(probability!), 0) /
      (tokens.length - 1);
    // The same sums in float64, the logarithms taken in another order.
    assert(Math.abs(found - loss) < 1e-12, `${found}, not ${loss}`);
    assertEquals(tokens[0].probability, undefined);
    for (const { likeliest } of tokens.slice(1)) {
      assertEquals(likeliest.length, 3);
      assert(likeliest[0].probability >= likeliest[1].probability);
    }
  });
}

Deno.test("a sample begins with what the model knows", async () => {
  const model = await trained("char");
  assertEquals(usablePrefix(model, "a wheel "), "a wheel ");
  assertEquals(usablePrefix(model, "A Wheel "), "a wheel ");
  assertEquals(usablePrefix(model, "Ω"), " "); // the commonest character
});

Deno.test("axes have few round values that hold all", () => {
  assertEquals(logTicks(3.4, 22), [2, 5, 10, 20, 50]);
  assertEquals(logTicks(1, 20), [1, 2, 5, 10, 20]);
  assertEquals(logTicks(5, 5), [5, 10]);
  assertEquals(logTicks(10, 1000), [10, 20, 50, 100, 200, 500, 1000]);
  assertEquals(wholeTicks(40, 8), [0, 5, 10, 15, 20, 25, 30, 35, 40]);
  assertEquals(wholeTicks(1, 8), [0, 1]);
  assertEquals(wholeTicks(500, 5), [0, 100, 200, 300, 400, 500]);
});
