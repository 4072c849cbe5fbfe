/**
 * A run as one page: report.html.
 *
 * @module
 */

import { parameterCount } from "../../lib/model/parameters.ts";
import type { Checkpoint } from "../../lib/training/checkpoint.ts";
import { TRAINING_SETTINGS } from "../../lib/training/settings.ts";
import { modelText } from "../shared/model_text.ts";
import { perplexityText } from "../shared/perplexity_text.ts";
import { grouped } from "../shared/grouped.ts";
import { spaced, speedText } from "./describe.ts";
import { Html, markup, type Value } from "./html.ts";
import { type EpochMetrics, speedOf } from "./metrics.ts";
import type { Sample } from "./samples.ts";
import { duration } from "./live_line.ts";

/** What the page shows. */
export interface ReportContents {
  readonly name: string;
  /** As it is now; its numbers are not shown. */
  readonly checkpoint: Omit<Checkpoint, "parameters" | "resumeData">;
  /** Of every epoch. */
  readonly metrics: readonly EpochMetrics[];
  readonly samples: readonly Sample[];
  /** The command lines that made the run. */
  readonly commands: string;
  /** SVG of this program's own drawing, by name; none if it could not be drawn. */
  readonly pictures: Readonly<Record<string, string>>;
}

/** More samples than this are thinned out. */
const MOST_SAMPLES = 200;

/** How many tokens of a vocabulary are listed. */
const MOST_TOKENS = 1000;

/** The page: one file, without scripts, that reaches out to nothing. */
export function report(contents: ReportContents): string {
  const { name, checkpoint, pictures, samples, commands } = contents;
  const { config, training, corpus, tokenizer, progress } = checkpoint;
  const { tokens, counts } = checkpoint.vocabulary;
  const more = tokens.length - MOST_TOKENS;
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${name}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<h1>${name}</h1>
<p>${summary(contents)}</p>
${figures(pictures)}
<h2>Samples</h2>
${samplesTable(samples)}
<h2>Model</h2>
${
    list({
      ...config,
      parameters: parameterCount(config),
      epochs: `${grouped(progress.epochs)} of ${grouped(training.epochs)}`,
      ...progress.minibatches > 0 &&
        { minibatchesOfTheNext: progress.minibatches },
      tokensSeen: progress.tokens,
      trainedBy: checkpoint.provenance,
    })
  }
<h2>Settings</h2>
${
    list({
      ...training,
      offset: training.offset ?? TRAINING_SETTINGS.offset.defaultText,
    })
  }
<h2>Text</h2>
${
    list({
      name: corpus.name,
      tokens: corpus.tokens,
      heldOut: corpus.validationTokens,
      ...tokenizer,
      "SHA-256 of the ids": corpus.sha256,
    })
  }
<h2>Vocabulary</h2>
<p>${
    grouped(tokens.length)
  } tokens by id, each with how often it was counted:</p>
<p class="tokens">${
    tokens.slice(0, MOST_TOKENS).map((token, id) =>
      markup`<span><code>${JSON.stringify(token)}</code> ${
        grouped(counts[id])
      }</span> `
    )
  }${more > 0 ? `and ${grouped(more)} more` : ""}</p>
<h2>To do it again</h2>
<p>On the same device the numbers are the same to the bit.</p>
<pre>${commands}</pre>
</body>
</html>
`.text;
}

function summary({ checkpoint, metrics }: ReportContents): string {
  const { config, corpus, training, progress } = checkpoint;
  const last = metrics.at(-1);
  const what = `${modelText(config)}, trained on ${corpus.name}`;
  if (!last) return `${what}: its first epoch is not finished.`;
  const { seconds, tokensPerSecond } = speedOf(metrics);
  const validation = last.validation_perplexity;
  const speed = speedText(tokensPerSecond);
  return `${what}: perplexity ${perplexityText(last.perplexity)}` +
    (validation === undefined
      ? ""
      : `, ${perplexityText(validation)} on the held-out text,`) +
    ` after ${grouped(progress.epochs)} of ${
      grouped(training.epochs)
    } epochs ` +
    `in ${duration(seconds)}${speed && `, at ${speed}`} on ${last.device}.`;
}

function figures(pictures: ReportContents["pictures"]): Value {
  const all = Object.entries(pictures);
  if (all.length === 0) {
    return markup`<p>The plots are missing: the package that draws them could not be loaded.</p>`;
  }
  return all.map(([name, svg]) =>
    markup`<h2>${name}</h2>
<figure>${new Html(svg)}</figure>
`
  );
}

function samplesTable(samples: readonly Sample[]): Html {
  if (samples.length === 0) return markup`<p>There are no samples.</p>`;
  const every = Math.ceil(samples.length / MOST_SAMPLES);
  const shown = samples.filter((_, i) =>
    (samples.length - 1 - i) % every === 0
  );
  const rows = shown.map(({ epoch, prefix, text }) =>
    markup`<tr><td>${grouped(epoch)}</td><td><bdi>${
      text.startsWith(prefix)
        ? [markup`<b>${prefix}</b>`, text.slice(prefix.length)]
        : text
    }</bdi></td></tr>
`
  );
  const all = grouped(samples.length);
  const note = every > 1
    ? markup`<p>One in ${every} is shown; samples.jsonl has all ${all}.</p>`
    : "";
  return markup`<table>
<thead><tr><th>epoch</th><th>prefix, and how the model continues it</th></tr></thead>
<tbody>
${rows}</tbody>
</table>
${note}`;
}

/** Names and values; a name is as the code has it. */
function list(values: Readonly<Record<string, unknown>>): Html {
  const rows = Object.entries(values).map(([key, value]) => {
    const isGreat = typeof value === "number" && value >= 1000 &&
      key !== "seed";
    const text = isGreat ? grouped(value) : String(value);
    return markup`<dt>${spaced(key)}</dt><dd>${text}</dd>
`;
  });
  return markup`<dl>
${rows}</dl>`;
}

/** Nothing is fetched, and nothing runs. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

const STYLE = `
:root { color-scheme: light dark }
body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem; line-height: 1.5;
  font-family: system-ui, sans-serif; color: #1f2328; background: #fff }
h1 { font-size: 1.6rem; overflow-wrap: anywhere }
h2 { font-size: 1.1rem; margin: 2rem 0 0.5rem }
figure { margin: 0 }
svg { display: block; width: 100% }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem }
th { text-align: left; font-weight: 600 }
th, td { padding: 0.15rem 0.8rem 0.15rem 0; vertical-align: top;
  border-bottom: 1px solid #8883 }
td:first-child { text-align: right; font-variant-numeric: tabular-nums }
td, dd, code, pre { white-space: pre-wrap; overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 1.2rem;
  margin: 0; font-size: 0.9rem }
dt { opacity: 0.7 }
dd { margin: 0 }
code, pre, td:last-child { font-family: ui-monospace, monospace }
pre { padding: 0.8rem; background: #8881; border-radius: 4px; font-size: 0.85rem }
.tokens { font-size: 0.85rem }
.tokens span { display: inline-block; margin-right: 0.9rem; color: #888 }
.tokens code { color: #1f2328; background: #8882; border-radius: 3px;
  padding: 0 0.25rem }
@media (prefers-color-scheme: dark) {
  body, .tokens code { color: #e6e8eb }
  body { background: #15181c }
}
`;
