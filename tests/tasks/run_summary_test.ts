import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { decodeSafetensors, encodeSafetensors } from "../../lib/safetensors.ts";
import { readMetrics } from "../../tasks/cli/metrics.ts";
import { readSamples } from "../../tasks/cli/samples.ts";
import { canRunCommands, needs } from "../access.ts";
import { TaskRunner, TemporaryFolder } from "./command.ts";

const needsFiles = needs(
  "permission to write files: deno task test",
  canRunCommands(),
);

const epoch = (number: number, more: object = {}) =>
  JSON.stringify({
    ...{ epoch: number, loss: 1, perplexity: 2.7, tokens: 100, seconds: 1 },
    ...{ tokens_per_second: 100, gradient_norm: 1, learning_rate: 1 },
    ...{ skipped_minibatches: 0, device: "a test", ...more },
  });

Deno.test({
  ...needsFiles(
    "a blank or odd line is passed over, and no line behind it lost",
  ),
  fn: async () => {
    using folder = new TemporaryFolder();
    const metrics = `${folder.path}/metrics.jsonl`;
    const odd = [
      ...["", "{", "null", "[1]", '{"epoch":5}', '{"epoch":"3"}'],
      epoch(6, { perplexity: null }),
      epoch(7, { device: 7 }),
    ];
    const lines = [epoch(1), ...odd, epoch(2, { loss: "NaN" }), "", epoch(3)];
    Deno.writeTextFileSync(metrics, lines.join("\r\n") + "\n" + epoch(4));
    const read = await readMetrics(metrics);
    assertEquals(read.map(({ epoch }) => epoch), [1, 2, 3]); // 4 is torn
    assertEquals(read[1].loss, NaN);

    const samples = `${folder.path}/samples.jsonl`;
    const sample = { epoch: 1, prefix: "a", text: "ab" };
    const broken = [{ epoch: 1, prefix: "a" }, { ...sample, text: 7 }];
    Deno.writeTextFileSync(
      samples,
      ["", ...[...broken, sample].map((one) => JSON.stringify(one)), ""]
        .join("\n"),
    );
    assertEquals(await readSamples(samples), [sample]);
  },
});

Deno.test({
  ...needsFiles("an odd run never breaks the list or another run"),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = new TaskRunner(folder);
    Deno.writeTextFileSync(
      `${folder.path}/text.txt`,
      "to and fro, ".repeat(30),
    );
    const ok = async (...args: Parameters<TaskRunner["run"]>) => {
      const finished = await tasks.run(...args);
      assertEquals(finished.code, 0, finished.stderr);
      return finished;
    };
    for (const run of ["good", "other"]) {
      await ok(
        ...["train", "--corpus=text.txt", "--device=reference"] as const,
        ...["--hidden-size=4", "--batch-size=4", "--num-steps=8", "--epochs=2"],
        `--run=${run}`,
      );
    }
    const runs = `${folder.path}/data/runs`;
    const model = Deno.readFileSync(`${runs}/good/model.safetensors`);
    const { tensors, metadata } = decodeSafetensors(model);
    const spoilt = (key: string, value: string) =>
      encodeSafetensors({
        tensors,
        metadata: new Map([...metadata, [`weena.${key}`, value]]),
      });
    const odd: Record<string, Uint8Array> = {
      "no-corpus": spoilt("corpus", "null"),
      "no-training": spoilt("training", "[]"),
      "no-progress": spoilt("progress", '{"epochs":"2"}'),
      "no-config": spoilt("config", "null"),
      "later": spoilt("version", "3"),
      "no-json": spoilt("training", "{"),
      "cut": model.subarray(0, -9),
      "gzip": Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3),
    };
    for (const [name, bytes] of Object.entries(odd)) {
      Deno.mkdirSync(`${runs}/${name}`);
      Deno.writeFileSync(`${runs}/${name}/model.safetensors`, bytes);
    }
    Deno.mkdirSync(`${runs}/folder/model.safetensors`, { recursive: true });
    Deno.mkdirSync(`${runs}/empty`);
    Deno.writeTextFileSync(`${runs}/.DS_Store`, "\0\0\0\x01Bud1");
    Deno.writeTextFileSync(`${runs}/notes.txt`, "mine");
    if (Deno.build.os !== "windows") {
      Deno.symlinkSync("nowhere", `${runs}/dangling`);
    }
    const notFinite = { validation_perplexity: "NaN", validation_loss: "NaN" };
    // A model that is damaged stands back for the one before.
    Deno.mkdirSync(`${runs}/older`);
    Deno.writeFileSync(
      `${runs}/older/model.safetensors`,
      model.subarray(0, 99),
    );
    Deno.writeFileSync(`${runs}/older/previous.safetensors`, model);
    Deno.writeTextFileSync(
      `${runs}/older/metrics.jsonl`,
      `\n${epoch(1, notFinite)}\n` +
        `${epoch(2, { seconds: 0, tokens_per_second: 0, ...notFinite })}\n`,
    );

    const listed = (await ok("runs")).stdout.trimEnd().split("\n");
    for (const name of ["good", "other", "older"]) {
      assertEquals(
        listed.filter((l) => l.startsWith(`${name} `)).length,
        1,
        name,
      );
    }
    const broken = listed.filter((line) => /: (damaged|not a run)/.test(line));
    const names = broken.map((line) => line.replace(/:.*/, "")).sort();
    const expected = [...Object.keys(odd), "empty", "folder"];
    if (Deno.build.os !== "windows") expected.push("dangling");
    assertEquals(names, expected.sort());
    for (const line of broken) {
      assertEquals(/undefined|destructure|reading/.test(line), false, line);
    }

    const compared = await ok("compare", "good", "older");
    assertStringIncludes(compared.stderr, "an earlier model of older is used");
    assertEquals(/NaN|undefined/.test(compared.stdout), false, compared.stdout);
    assertMatch(compared.stdout, /^ {2}validation +not finite$/m);
    assertEquals(compared.stdout.includes("best validation"), false);
    const refused = await tasks.run("compare", "good", "no-config");
    assertEquals(refused.code, 7, refused.stderr);
    assertStringIncludes(refused.stderr, "cannot compare no-config: damaged: ");
  },
});
