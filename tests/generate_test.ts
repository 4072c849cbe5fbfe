import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Backend } from "../lib/backend/backend.ts";
import { openReference } from "../lib/backend/reference/reference_backend.ts";
import { generate } from "../lib/generate.ts";
import type { GenerateOptions } from "../lib/generation/options.ts";
import { LanguageModel } from "../lib/model/language_model.ts";
import type { TokenizeOptions } from "../lib/text/corpus.ts";
import { encodePrefix } from "../lib/text/prefix.ts";
import { tokenize } from "../lib/tokenize.ts";
import type { Checkpoint } from "../lib/training/checkpoint.ts";
import { withCount } from "./backend/wrap.ts";
import { run, tickingClock } from "./training/run.ts";

/** A model with weights that are not small, so that it says more than one thing. */
async function trained(
  text: string,
  options: TokenizeOptions = {},
): Promise<Checkpoint> {
  using backend = openReference();
  const { checkpoint } = await run(tokenize(text, options), backend, {
    hiddenSize: 9,
    batchSize: 1,
    numSteps: 5,
    epochs: 3,
    sigma: 0.9,
    seed: 3,
  });
  return checkpoint;
}

async function pieces(
  checkpoint: Checkpoint,
  prefix: string | readonly number[],
  backend: Backend,
  options?: GenerateOptions,
): Promise<string[]> {
  const all: string[] = [];
  for await (const piece of generate(checkpoint, prefix, backend, options)) {
    all.push(piece);
  }
  return all;
}

const CHARS = await trained("the time traveller came back at four, so tired");

/** The chapter's `predict_ch8`, line by line: d2l 8.5.3. */
async function predict(
  { config, parameters, vocabulary }: Checkpoint,
  prefix: readonly string[],
  numPreds: number,
): Promise<string[]> {
  using backend = openReference();
  const sizes = { batchSize: 1, numSteps: 1 };
  using net = new LanguageModel(backend, config, sizes);
  net.write(parameters);
  const input = backend.allocate([1, 1], "u32");
  const id = (token: string) => vocabulary.tokens.indexOf(token);
  const outputs = [id(prefix[0])];
  const next = async () => {
    backend.write(input, [outputs[outputs.length - 1]]);
    const logits = [...await backend.read(net.forward(input))];
    net.carryState();
    return logits;
  };
  for (const token of prefix.slice(1)) { // the warm-up
    await next();
    outputs.push(id(token));
  }
  for (let i = 0; i < numPreds; i++) {
    const logits = await next();
    outputs.push(logits.indexOf(Math.max(...logits)));
  }
  return outputs.map((id) => vocabulary.tokens[id]);
}

Deno.test("generate is the chapter's predict", async () => {
  using backend = openReference();
  const said = new Set<string>();
  for (
    const prefix of ["t", "time", "the time traveller", ","]
  ) {
    const text = (await pieces(CHARS, prefix, backend)).join("");
    assertEquals(text, (await predict(CHARS, [...prefix], 50)).join(""));
    assertEquals(text.length, prefix.length + 50);
    said.add(text.slice(prefix.length));
  }
  assert(said.size > 1); // what is said depends on the prefix
});

Deno.test("a prefix longer than a chunk is read whole", async () => {
  using backend = openReference();
  const prefix = "the traveller ".repeat(40); // 560 tokens, in chunks of 256
  for (const length of [256, 257, 258, 513, 560]) {
    const start = prefix.slice(0, length);
    const text = await pieces(CHARS, start, backend, { maxNewTokens: 20 });
    assertEquals(
      text.join(""),
      (await predict(CHARS, [...start], 20)).join(""),
    );
  }
});

Deno.test("the pieces depend on the clock, the text does not", async () => {
  using backend = openReference({ precision: "float32" });
  const maxNewTokens = 700;
  const all = [];
  for (const milliseconds of [0, 1e6, 10]) {
    const clock = tickingClock(milliseconds);
    all.push(await pieces(CHARS, "time", backend, { maxNewTokens, clock }));
  }
  const [fast, slow] = all;
  assertEquals(fast[0], "time");
  assertEquals(slow.length, 701);
  assert(fast.length < 20);
  for (const one of all) assertEquals(one.join(""), fast.join(""));
});

Deno.test("a length of 0 gives the prefix and allocates nothing", async () => {
  const { backend, allocated } = withCount(openReference());
  assertEquals(await pieces(CHARS, "tea", backend, { maxNewTokens: 0 }), [
    "tea",
  ]);
  assertEquals(allocated(), 0);
});

Deno.test("every tensor is freed, also when no more is wanted", async () => {
  for (const stopAt of [1, 2, Infinity]) {
    const { backend, held, allocated } = withCount(openReference());
    let seen = 0;
    for await (const _ of generate(CHARS, "time", backend)) {
      if (++seen === stopAt) break;
    }
    assertEquals(held.size, 0);
    assertEquals(allocated() > 0, stopAt > 1);
  }
});

Deno.test("an empty prefix is refused", async () => {
  using backend = openReference();
  await assertRejects(
    () => pieces(CHARS, "", backend),
    RangeError,
    "empty prefix: it needs at least one char",
  );
  const words = await trained("one two three ".repeat(4), { level: "word" });
  await assertRejects(
    () => pieces(words, " \n", backend),
    RangeError,
    "empty prefix: it needs at least one word",
  );
});

Deno.test("what the vocabulary has not is listed with its positions", async () => {
  using backend = openReference();
  await assertRejects(
    () => pieces(CHARS, "t!me 🦕 Zz\n", backend),
    RangeError,
    'has no "!" at 2, "🦕" at 6, "Z" at 8, "z" at 9, "\\n" at 10',
  );
  await assertRejects(
    () => pieces(CHARS, "?".repeat(20), backend),
    RangeError,
    '"?" at 8, 12 more',
  );
  const words = await trained("one two three ".repeat(4), { level: "word" });
  await assertRejects(
    () => pieces(words, "one <unk> six", backend),
    RangeError,
    'has no "<unk>" at 2, "six" at 3',
  );
});

Deno.test("a model of letters says so where it is given others", async () => {
  using backend = openReference();
  const letters = await trained("The Time Traveller, came back", {
    normalize: "letters",
  });
  await assertRejects(
    () => pieces(letters, "The Time", backend),
    RangeError,
    'has no "T" at 1, "T" at 5. It was trained on lower-case letters',
  );
  assertEquals((await pieces(letters, "the time", backend))[0], "the time");
});

Deno.test("words are continued by words with single spaces", async () => {
  using backend = openReference();
  const words = await trained("so it goes on and on and so on it goes so far", {
    level: "word",
  });
  const all = await pieces(words, " so\n it  goes", backend, {
    maxNewTokens: 30,
    clock: tickingClock(10),
  });
  assertEquals(all[0], "so it goes");
  const text = all.join("");
  assertEquals(
    text,
    (await predict(words, ["so", "it", "goes"], 30)).join(" "),
  );
  assertEquals(text.split(" ").length, 33);
});

Deno.test("bytes are continued by bytes, characters never cut", async () => {
  using backend = openReference();
  const bytes = await trained("né 🦕 né 🦕 né 🦕 né 🦕", { level: "byte" });
  const prefix = "né 🦕";
  const tokens = Array.from(
    new TextEncoder().encode(prefix),
    (byte) => String.fromCharCode(byte),
  );
  const expected = Uint8Array.from(
    await predict(bytes, tokens, 40),
    (token) => token.length === 1 ? token.charCodeAt(0) : 0xff,
  );
  for (const milliseconds of [0, 1e6]) {
    const clock = tickingClock(milliseconds);
    const all = await pieces(bytes, prefix, backend, {
      maxNewTokens: 40,
      clock,
    });
    assertEquals(all[0], prefix);
    assertEquals(all.join(""), new TextDecoder().decode(expected));
  }
});

Deno.test("a prefix that ends within a character goes on with it", async () => {
  using backend = openReference();
  // Behind every byte there is but one that may follow.
  const text = "🦕".repeat(40);
  const { checkpoint } = await run(
    tokenize(text, { level: "byte" }),
    backend,
    {
      hiddenSize: 8,
      batchSize: 1,
      numSteps: 8,
      epochs: 20,
      sigma: 0.5,
      offset: 0,
    },
  );
  const clock = tickingClock(1e6); // a byte at a time
  const all = await pieces(checkpoint, "🦕", backend, {
    maxNewTokens: 10,
    clock,
  });
  assertEquals(all.join(""), "🦕🦕🦕\ufffd"); // the last is half a character
  assertEquals(all.filter((piece) => piece === "").length, 10 - 3);
});

Deno.test("a prefix in ids is continued as the text that they stand for", async () => {
  using backend = openReference();
  const prefix = "the time";
  const ids = encodePrefix(CHARS, prefix);
  assertEquals(
    (await pieces(CHARS, ids, backend)).join(""),
    (await pieces(CHARS, prefix, backend)).join(""),
  );
  const bad = CHARS.vocabulary.tokens.length;
  await assertRejects(
    () => pieces(CHARS, [1, bad], backend),
    RangeError,
    `id ${bad} at 2 is not in the vocabulary`,
  );
});

Deno.test("ids may break off inside a character, which is whole in the text", async () => {
  using backend = openReference();
  const bytes = await trained("né 🦕 né 🦕 né 🦕 né 🦕", { level: "byte" });
  const ids = encodePrefix(bytes, "né 🦕");
  for (let length = 1; length <= ids.length; length++) {
    const part = ids.slice(0, length);
    const tokens = part.map((id) => bytes.vocabulary.tokens[id]);
    const whole = Uint8Array.from(
      await predict(bytes, tokens, 40),
      (token) => token.charCodeAt(0),
    );
    assertEquals(
      (await pieces(bytes, part, backend, { maxNewTokens: 40 })).join(""),
      new TextDecoder().decode(whole),
    );
  }
});

Deno.test("<unk> in ids is read as it was in training", async () => {
  using backend = openReference();
  const model = await trained("abracadabra abracadabra", { minFrequency: 3 });
  const [text] = await pieces(model, [0, 1], backend, { maxNewTokens: 0 });
  assertEquals(text, "<unk>a");
  const said = await pieces(model, [0, 1], backend);
  assertEquals(said.join("").indexOf("<unk>", 1), -1);
});

Deno.test("a vocabulary of <unk> alone has nothing to say", async () => {
  using backend = openReference();
  const vocabulary = { tokens: ["<unk>"], counts: [0] };
  const model = { ...CHARS, vocabulary };
  for (const prefix of ["a", [0]]) {
    await assertRejects(
      () => pieces(model, prefix, backend),
      RangeError,
      prefix === "a" ? 'has no "a" at 1' : "only the token <unk>",
    );
  }
});
