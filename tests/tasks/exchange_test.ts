import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { decodeSafetensors, encodeSafetensors } from "../../lib/safetensors.ts";
import { tokenize } from "../../lib/tokenize.ts";
import { encodeTokenFile } from "../../lib/text/token_file.ts";
import { canRead, canRunCommands, needs } from "../access.ts";
import exchanged from "../golden/pytorch_exchange.json" with { type: "json" };
import { type TaskName, TaskRunner, TemporaryFolder } from "./command.ts";
import { writeModel } from "./model.ts";

const GOLDEN = new URL("../golden/", import.meta.url);

const needsCommands = needs(
  "permission to run commands: deno task test",
  canRunCommands() && canRead(GOLDEN),
);

/** Runs tasks in a folder: those that have to do well, and those that must not. */
function tasksIn(folder: TemporaryFolder) {
  const tasks = new TaskRunner(folder);
  const ok = async (task: TaskName, ...args: string[]) => {
    const finished = await tasks.run(task, ...args);
    assertEquals(finished.code, 0, finished.stderr);
    return finished;
  };
  const said = async (code: number, task: TaskName, ...args: string[]) => {
    const before = folder.files();
    const finished = await tasks.run(task, ...args);
    assertEquals([finished.code, finished.stdout], [code, ""], finished.stderr);
    assertEquals(finished.stderr.trimEnd().split("\n").length, 1);
    assertEquals(folder.files(), before);
    return finished.stderr;
  };
  const end = () => tasks[Symbol.asyncDispose]();
  return { ok, said, [Symbol.asyncDispose]: end };
}

Deno.test({
  ...needsCommands("import: a model of PyTorch's is a run like any other"),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = tasksIn(folder);
    const { ok, said } = tasks;
    for (const made of exchanged) {
      const file = `pytorch_${made.name}.safetensors`;
      Deno.copyFileSync(new URL(file, GOLDEN), `${folder.path}/${file}`);
      const vocabulary = `${folder.path}/${made.name}.json`;
      Deno.writeTextFileSync(vocabulary, JSON.stringify(made.tokens));
      const flags = "activation" in made.config
        ? [`--activation=${made.config.activation}`]
        : [];
      const { stdout } = await ok(
        "import",
        file,
        `--vocabulary=${made.name}.json`,
        ...flags,
      );
      assertStringIncludes(
        stdout,
        `run pytorch_${made.name}-1: ${made.config.cell}`,
      );
      const prefix = made.ids.map((id) => made.tokens[id]).join("");
      const { stdout: text } = await ok(
        "generate",
        `--prefix=${prefix}`,
        "--length=20",
        "--device=reference",
        `--run=pytorch_${made.name}-1`,
      );
      assertEquals(text, `${prefix}${made.greedy}\n`);
    }
    // The last one that was imported is the newest.
    const last = exchanged.at(-1)!.name;
    const device = "--device=reference";
    Deno.writeTextFileSync(`${folder.path}/tea.txt`, "tea at me\n");
    await ok("score", "tea.txt", device);
    const evaluated = await ok(
      "evaluate",
      "--corpus=tea.txt",
      device,
      "--json",
    );
    assertEquals(JSON.parse(evaluated.stdout).tokens, 9);
    assertStringIncludes(
      await said(2, "evaluate", device, `--run=pytorch_${last}-1`),
      "the model was imported: choose the text to evaluate it on",
    );
    const inspected = JSON.parse((await ok("inspect", "--json")).stdout);
    assertEquals([inspected.kind, inspected.digest], ["imported", "valid"]);
    assertStringIncludes(
      inspected.metadata.provenance,
      "imported from pytorch_lstm_float64",
    );
    // A run is never overwritten.
    const again = [
      "import",
      `pytorch_${last}.safetensors`,
      `--vocabulary=${last}.json`,
    ] as const;
    assertStringIncludes(
      await said(7, ...again, `--run=pytorch_${last}-1`),
      "already exists",
    );
    const { stdout } = await ok(...again);
    assertStringIncludes(stdout, `run pytorch_${last}-2`);
  },
});

Deno.test({
  ...needsCommands("export and import: there and back the model is the same"),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = tasksIn(folder);
    const { ok, said } = tasks;
    const text = "the time traveller came back";
    const model = await writeModel(
      folder,
      text,
      { cell: "gru", embeddingSize: 3, numLayers: 2 },
      { level: "word", normalize: "letters" },
    );
    const exported = [
      "export",
      "--checkpoint=model.safetensors",
      "--output=w.safetensors",
    ] as const;
    const { stdout, stderr } = await ok(...exported);
    assertStringIncludes(stdout, "model.safetensors to w.safetensors");
    const lines = stderr.trimEnd().split("\n");
    assertEquals(lines.length, 4);
    assertStringIncludes(lines[2], '"rnn": nn.GRU(3, 12, 2)');
    const { metadata, tensors } = decodeSafetensors(
      Deno.readFileSync(`${folder.path}/w.safetensors`),
    );
    assertEquals([...metadata], [["format", "pt"]]);
    assertEquals(tensors.size, 1 + 8 + 2);
    assertStringIncludes(await said(7, ...exported), "--force replaces it");
    await ok(...exported, "--force");
    assertStringIncludes(
      await said(2, "export", "--checkpoint=model.safetensors"),
      "for example --output model.safetensors",
    );

    // The vocabulary and how text is cut from a checkpoint or a token file.
    const corpus = tokenize(text, { level: "word", normalize: "letters" });
    Deno.writeFileSync(
      `${folder.path}/tokens.safetensors`,
      encodeTokenFile(corpus),
    );
    for (const vocabulary of ["model", "tokens"]) {
      const { stdout } = await ok(
        "import",
        "w.safetensors",
        `--vocabulary=${vocabulary}.safetensors`,
        `--run=${vocabulary}`,
      );
      assertStringIncludes(
        stdout,
        "vocabulary 6 (word), normalization letters",
      );
      const generated = async (...which: string[]) =>
        (await ok(
          "generate",
          "--prefix=the time",
          "--device=reference",
          ...which,
        )).stdout;
      assertEquals(
        await generated(`--run=${vocabulary}`),
        await generated("--checkpoint=model.safetensors"),
      );
    }
    const tokens = Object.fromEntries(
      model.vocabulary.tokens.map((token, id) => [token, id]),
    );
    Deno.writeTextFileSync(`${folder.path}/ids.json`, JSON.stringify(tokens));
    const asked = ["--level=word", "--normalize=letters", "--run=ids"];
    await ok("import", "w.safetensors", "--vocabulary=ids.json", ...asked);
    const run = (name: string) =>
      Deno.readFileSync(`${folder.path}/data/runs/${name}/model.safetensors`);
    assertEquals(run("ids"), run("model"));
  },
});

Deno.test({
  ...needsCommands("import: what cannot be a model leaves nothing behind"),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = tasksIn(folder);
    const { said } = tasks;
    await writeModel(folder, "the time");
    const write = (name: string, content: string | Uint8Array) =>
      typeof content === "string"
        ? Deno.writeTextFileSync(`${folder.path}/${name}`, content)
        : Deno.writeFileSync(`${folder.path}/${name}`, content);
    write("tokens.json", '["<unk>", "t"]');
    write("text.json", '"the"');
    write("broken.json", '["<unk>", ');
    write("model.pth", Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 0, 0, 0, 0));
    write("model.gguf", "GGUF and so on");
    const other = { shape: [1], data: new Float32Array(1) };
    const tensors = new Map([["encoder.weight", other]]);
    write(
      "other.safetensors",
      encodeSafetensors({ tensors, metadata: new Map() }),
    );
    const vocabulary = "--vocabulary=tokens.json";
    const cases: [number, string[], string][] = [
      [2, ["model.safetensors"], "for example --vocabulary tokens.json"],
      [2, [vocabulary], "FILE is missing: the weights, in safetensors"],
      [
        7,
        ["no.safetensors", vocabulary],
        "there is no model at no.safetensors",
      ],
      [
        7,
        ["model.safetensors", "--vocabulary=no.json"],
        "there is no vocabulary",
      ],
      [
        3,
        ["model.safetensors", "--vocabulary=text.json"],
        "is not a vocabulary",
      ],
      [
        3,
        ["model.safetensors", "--vocabulary=broken.json"],
        "is not a vocabulary",
      ],
      [
        3,
        ["model.safetensors", "--vocabulary=other.safetensors"],
        "is not a vocabulary",
      ],
      [3, ["model.safetensors", vocabulary], "the vocabulary has 2 tokens"],
      [3, ["model.pth", vocabulary], "a file written by torch.save"],
      [3, ["model.gguf", vocabulary], "a GGUF file"],
      [3, ["tokens.json", vocabulary], "Not a safetensors file"],
      [3, ["other.safetensors", vocabulary], "rnn.weight_hh_l0 is missing"],
      [2, ["other.safetensors", vocabulary, "--run=.."], "--run cannot be"],
    ];
    for (const [code, args, message] of cases) {
      assertStringIncludes(await said(code, "import", ...args), message);
    }
  },
});

Deno.test({
  ...needsCommands("inspect: a checkpoint, other files, and damaged ones"),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = tasksIn(folder);
    const { ok, said } = tasks;
    await ok(
      "train",
      "--corpus=sample",
      "--hidden-size=4",
      "--epochs=1",
      "--max-tokens=2000",
      "--device=reference",
    );
    const { stdout } = await ok("inspect");
    for (
      const part of [
        "data/runs/sample-1/model.safetensors, a checkpoint of ",
        "cell rnn, activation tanh, vocabulary size 28,",
        '28 tokens: "<unk>" " " "e" ',
        "level char, normalize letters",
        "name sample, tokens 2000",
        "batch size 32, num steps 35",
        "epochs 1, minibatches 0",
        ", which is correct",
        "linear.weight ",
        "(28, 4)",
      ]
    ) assertStringIncludes(stdout, part);
    const whole = JSON.parse(
      (await ok("inspect", "--run=sample-1", "--json")).stdout,
    );
    assertEquals([whole.kind, whole.digest], ["checkpoint", "valid"]);
    assertEquals(whole.metadata.config.hiddenSize, 4);
    assertEquals(whole.metadata.vocabulary.length, 28);
    const weight = whole.tensors
      .find(({ name }: { name: string }) => name === "linear.weight");
    assertEquals(weight.shape, [28, 4]);
    assert(weight.min < weight.mean && weight.mean < weight.max);

    const path = `${folder.path}/data/runs/sample-1/model.safetensors`;
    const { tensors, metadata } = decodeSafetensors(Deno.readFileSync(path));
    tensors.get("linear.bias")!.data.fill(NaN, 0, 3);
    Deno.writeFileSync(
      `${folder.path}/nan.safetensors`,
      encodeSafetensors({ tensors, metadata }),
    );
    const damaged = await ok("inspect", "nan.safetensors");
    assertStringIncludes(damaged.stdout, ": the file is damaged");
    assertStringIncludes(damaged.stdout, ", 3 not finite");
    const asObject = JSON.parse(
      (await ok("inspect", "nan.safetensors", "--json")).stdout,
    );
    assertEquals(asObject.digest, "invalid");

    Deno.writeTextFileSync(
      `${folder.path}/text.txt`,
      "no such file of tensors",
    );
    assertStringIncludes(
      await said(3, "inspect", "text.txt"),
      "text.txt: Not a safetensors file",
    );
    assertStringIncludes(
      await said(2, "inspect", "text.txt", "--run=sample-1"),
      "use only one of them",
    );
    assertStringIncludes(
      await said(7, "inspect", "no.txt"),
      "there is neither a file nor a run no.txt",
    );
  },
});
