import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { markup } from "../../tasks/cli/html.ts";
import type { EpochMetrics } from "../../tasks/cli/metrics.ts";
import { report, type ReportContents } from "../../tasks/cli/report.ts";
import { commandLine, shellQuoted } from "../../tasks/cli/command_line.ts";
import { thinned } from "../../tasks/shared/thinned.ts";
import { withDefaults } from "../../lib/training/settings.ts";
import { assertWellFormed, PAYLOADS, reachesOut } from "./markup.ts";

/** A report in which every text is the payload. */
function contents(payload: string): ReportContents {
  return {
    name: payload,
    checkpoint: {
      config: {
        cell: "rnn",
        activation: "tanh",
        vocabularySize: 2,
        embeddingSize: 0,
        hiddenSize: 4,
        numLayers: 1,
      },
      tokenizer: { level: "word", normalize: "none" },
      vocabulary: { tokens: ["<unk>", payload], counts: [0, 7] },
      corpus: {
        name: payload,
        tokens: 12_345,
        sha256: "ab".repeat(32),
        validationTokens: 0,
      },
      training: withDefaults({ epochs: 20 }),
      progress: { epochs: 10, minibatches: 3, tokens: 99 },
      loss: 1,
      validationLoss: NaN,
      provenance: payload,
    },
    metrics: [{
      epoch: 10,
      perplexity: 3.25,
      seconds: 2,
      tokens_per_second: 50,
    }]
      .map((one) => ({ ...one, device: payload }) as EpochMetrics),
    samples: [
      { epoch: 10, prefix: payload, text: `${payload} and on` },
      { epoch: 20, prefix: "x", text: payload },
    ],
    commands: payload,
    pictures: {},
  };
}

Deno.test("report: what comes from a text, a name or a prefix is shown, never run", () => {
  const plain = report(contents("payload"));
  const tags = (page: string) => page.match(/<[a-z!/][^>]*>/gi);
  for (const payload of PAYLOADS) {
    const page = report(contents(payload));
    // Not one tag or attribute more than with a harmless text.
    assertEquals(tags(page), tags(plain), payload);
    assert(!/[\0\u2028\u202e]/.test(page), "invisible characters are named");
    assertEquals(reachesOut(page), []);
    assertWellFormed(
      page.replace(/<!DOCTYPE html>/, "").replace(
        /<meta([^>]*)>/g,
        "<meta$1/>",
      ),
    );
  }
  const page = report(contents("<script>alert(1)</script>"));
  const shown = "&lt;script&gt;alert(1)&lt;/script&gt;";
  // Title, heading, summary twice, two samples of two, model, text, vocabulary, command.
  assertEquals(page.split(shown).length - 1, 10);
});

Deno.test("report: its policy lets nothing in, and it has no script", () => {
  const page = report(contents("x"));
  assertStringIncludes(
    page,
    '<meta http-equiv="Content-Security-Policy" content="default-src ' +
      "&#39;none&#39;; style-src &#39;unsafe-inline&#39;; img-src data:",
  );
  assert(page.indexOf("Content-Security-Policy") < page.indexOf("<style"));
  assert(!/<script|javascript:|\son\w+=/i.test(page));
});

Deno.test("report: the numbers of the run", () => {
  const page = report(contents("a text"));
  for (
    const text of [
      "rnn, 4 hidden units, 1 layer, trained on a text: perplexity 3.25 after 10 " +
      "of 20 epochs in 0:02, at 50 tokens/s on a text.",
      "<dt>hidden size</dt><dd>4</dd>",
      "<dt>clip norm</dt><dd>1</dd>",
      "<dt>tokens</dt><dd>12,345</dd>",
      "<code>&quot;a text&quot;</code> 7",
      "<b>a text</b> and on",
      "could not be loaded",
    ]
  ) assertStringIncludes(page, text);
});

Deno.test("report: thousands of samples are thinned out, the last one stays", () => {
  const samples = Array.from({ length: 1001 }, (_, i) => ({
    epoch: 10 * (i + 1),
    prefix: "x",
    text: `sample ${i + 1}.`,
  }));
  const page = report({ ...contents("x"), samples });
  assertEquals(page.match(/sample \d+\./g)?.length, 167);
  assertStringIncludes(page, "sample 1001.");
  assertStringIncludes(page, "One in 6 is shown");
});

Deno.test("html: values are escaped, in content and in attributes", () => {
  const { text } = markup`<p title="${`"'<&>`}">${[
    "a<",
    markup`<b>${1}</b>`,
  ]}</p>`;
  assertEquals(
    text,
    '<p title="&quot;&#39;&lt;&amp;&gt;">a&lt;<b>1</b></p>',
  );
  assertEquals(
    markup`${"\u202e\u0007\ufeff\ud800 é\n👩‍🚀"}`.text,
    "[U+202E][U+0007][U+FEFF]\ufffd é\n👩‍🚀",
  );
});

Deno.test("a command line is quoted as a shell reads it", () => {
  assertEquals(
    shellQuoted(["deno", "--corpus", "it's $(rm) here.txt", "a/b.txt", ""]),
    `deno --corpus 'it'\\''s $(rm) here.txt' a/b.txt ''`,
  );
});

Deno.test("a command line has the flags that were given, and no more", () => {
  const flags = {
    json: { kind: "switch", help: "" },
    resume: { kind: "switch", help: "" },
    corpus: { kind: "text", value: "PATH", help: "" },
    epochs: { kind: "integer", least: 1, help: "" },
    every: { kind: "text", value: "N", default: "1m", help: "" },
  } as const;
  const values = { corpus: "a b", epochs: 3, every: "1m", json: true };
  assertEquals(
    commandLine({ name: "train", flags }, { ...values, resume: true }),
    "deno task train --resume --corpus 'a b' --epochs 3",
  );
  assertEquals(
    commandLine({ name: "train", flags }, { every: "2m", resume: false }),
    "deno task train --every 2m",
  );
});

Deno.test("thinning keeps both ends and every peak", () => {
  const points = Array.from({ length: 10_000 }, (_, x) => ({ x, y: x % 7 }));
  points[5003].y = 100;
  points[7001].y = -100;
  const thin = thinned(points, 1000);
  assert(thin.length <= 1000);
  assertEquals([thin[0].x, thin.at(-1)!.x], [0, 9999]);
  assert(thin.some(({ y }) => y === 100) && thin.some(({ y }) => y === -100));
  assert(thin.every(({ x }, i) => i === 0 || x > thin[i - 1].x));
  assertEquals(thinned(points.slice(0, 1000), 1000), points.slice(0, 1000));
});
