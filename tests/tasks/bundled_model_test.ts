import { assert, assertEquals } from "@std/assert";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { openWasm } from "../../lib/backend/wasm/wasm_backend.ts";
import type { Backend } from "../../lib/backend/backend.ts";
import { generate } from "../../lib/generate.ts";
import type { GenerateOptions } from "../../lib/generation/options.ts";
import { LanguageModel } from "../../lib/model/language_model.ts";
import { corpusDigest } from "../../lib/text/corpus_digest.ts";
import { tokenize } from "../../lib/tokenize.ts";
import {
  type Checkpoint,
  decodeCheckpoint,
} from "../../lib/training/checkpoint.ts";
import { measure } from "../../lib/training/evaluation.ts";
import { withDefaults } from "../../lib/training/settings.ts";
import { CORPUS, SETTINGS } from "../../tasks/build_model.ts";
import {
  BUNDLED_MODEL,
  BUNDLED_MODEL_NOTE,
  bundledModelPath,
} from "../../tasks/cli/bundled_model.ts";
import { multiplyAddOf } from "../../tasks/cli/multiply_add.ts";
import {
  canRead,
  needs,
  needsCommands,
  needsTimeMachine,
  TIME_MACHINE,
} from "../access.ts";
import { TaskRunner, TemporaryFolder } from "./command.ts";

const needsModel = needs("permission to read", canRead(BUNDLED_MODEL));

/** What people are told that it predicts the held-out text with, in nats. */
const HELD_OUT_LOSS = 1.4670;

const PAGE = new URL("../../docs/bundled-model.md", import.meta.url);

/** What generate prints for the prefix "traveller", as the page on it shows. */
const TEXT = "traveller and the stars of the morlocks and the stars of th";

async function model(): Promise<Checkpoint> {
  return await decodeCheckpoint(Deno.readFileSync(BUNDLED_MODEL));
}

Deno.test({
  ...needsModel("the bundled model is small, whole, and what its build says"),
  fn: async () => {
    assert(Deno.statSync(BUNDLED_MODEL).size <= 1_500_000);
    const { config, training, corpus, tokenizer, vocabulary, ...rest } =
      await model();
    const { cell, numLayers, hiddenSize } = SETTINGS;
    assertEquals([config.cell, config.numLayers, config.hiddenSize], [
      cell,
      numLayers,
      hiddenSize,
    ]);
    assertEquals(withDefaults(training), withDefaults(SETTINGS));
    assertEquals(corpus.name, CORPUS.corpus);
    assertEquals(tokenizer, { level: "char", normalize: CORPUS.normalize });
    assertEquals(vocabulary.tokens.length, 28);
    assertEquals(rest.resumeData, undefined);
    assertEquals(rest.validationLoss.toFixed(4), HELD_OUT_LOSS.toFixed(4));
    assertEquals(rest.provenance, "weena, fused multiply-add");
  },
});

Deno.test({
  ...needsModel("the bundled model continues a prefix as the page on it shows"),
  fn: async () => {
    const trained = await model();
    const continued = async (
      backend: Backend,
      prefix: string,
      options: GenerateOptions = {},
    ) => {
      let text = "";
      for await (const piece of generate(trained, prefix, backend, options)) {
        text += piece;
      }
      return text;
    };
    using cpu = await openWasm({ threads: 1 });
    assertEquals(await continued(cpu, "traveller"), TEXT);
    using exact = openReference({ precision: "float64" });
    assertEquals(await continued(exact, "traveller"), TEXT);
    const page = Deno.readTextFileSync(PAGE).replaceAll("\n", " ");
    assert(page.includes(` ${TEXT} `), "the page shows another text");
    // Drawing over many characters shows a difference in the last bits of logits.
    if (await multiplyAddOf(cpu) !== "fused") return;
    const options = { maxNewTokens: 280, temperature: 0.5, seed: 5 };
    const drawn = await continued(cpu, "the time traveller", options);
    assert(page.includes(` ${drawn.trim()} `), `the page lacks ${drawn}`);
  },
});

Deno.test({
  ...needsTimeMachine(
    "the bundled model predicts the held-out text as recorded",
  ),
  fn: async () => {
    const { config, parameters, training, validationLoss, ...trained } =
      await model();
    const { ids, validation } = tokenize(Deno.readFileSync(TIME_MACHINE), {
      ...trained.tokenizer,
      validation: CORPUS.validation,
    });
    assertEquals(trained.corpus, {
      name: CORPUS.corpus,
      tokens: ids.length,
      sha256: await corpusDigest(ids),
      validationTokens: validation!.length,
      validationSha256: await corpusDigest(validation!),
    });
    using backend = await openWasm({ threads: 1 });
    const { batchSize, numSteps } = training;
    const sizes = { batchSize, numSteps };
    using network = new LanguageModel(backend, config, sizes);
    network.write(parameters);
    const options = { ...sizes, clock: () => 0 };
    const measured = await measure(network, backend, validation!, options);
    // Rounded as when it was built, the loss is the same to the bit.
    const tolerance = await multiplyAddOf(backend) === "fused" ? 0 : 1e-5;
    const difference = Math.abs(measured!.loss - validationLoss);
    assert(difference <= tolerance, `${measured!.loss}, not ${validationLoss}`);
  },
});

Deno.test({
  ...needsCommands(
    "generate takes the bundled model until there is a run, and says so",
  ),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = new TaskRunner(folder);
    const generated = () =>
      tasks.run("generate", "--prefix=traveller", "--device=cpu");
    const bundled = await generated();
    assertEquals([bundled.code, bundled.stdout], [0, `${TEXT}\n`]);
    assertEquals(bundled.stderr, `${BUNDLED_MODEL_NOTE}\n`);
    const trained = await tasks.run(
      "train",
      ...["--corpus=sample", "--max-tokens=600", "--device=cpu", "--epochs=1"],
      ...["--hidden-size=8", "--batch-size=4", "--num-steps=8"],
    );
    assertEquals(trained.code, 0, trained.stderr);
    const own = await generated();
    assertEquals(own.code, 0, own.stderr);
    assert(own.stdout !== bundled.stdout, "it is the bundled model still");
    assert(!own.stderr.includes(BUNDLED_MODEL_NOTE), own.stderr);
  },
});

Deno.test({
  ...needsModel(
    "the bundled model is found from any folder, and missed softly",
  ),
  fn: async () => {
    const path = await bundledModelPath();
    assertEquals(Deno.statSync(path!).size, Deno.statSync(BUNDLED_MODEL).size);
    assert(/^([A-Z]:)?[\\/]/.test(path!), "the path depends on the folder");
    for (
      const missing of [
        new URL("no-such-file.safetensors", BUNDLED_MODEL),
        new URL("./", BUNDLED_MODEL), // a folder
        new URL("https://example.com/data/time-machine.safetensors"),
      ]
    ) assertEquals(await bundledModelPath(missing), undefined);
    assertEquals(BUNDLED_MODEL_NOTE.includes("deno task train"), true);
  },
});
