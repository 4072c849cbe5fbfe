import { assertEquals } from "@std/assert";
import { didYouMean, nearest } from "../../tasks/cli/nearest.ts";
import { command as generate } from "../../tasks/generate.ts";
import { command as train } from "../../tasks/train.ts";

const GENERATE = [...Object.keys(generate.flags), "help"];
const TRAIN = [...Object.keys(train.flags), "help"];

Deno.test("a name that begins so goes before one with fewer letters changed", () => {
  assertEquals(nearest("temp", GENERATE), ["temperature"]);
  assertEquals(nearest("hidden", TRAIN), ["hidden-size"]);
  assertEquals(nearest("top", GENERATE), ["top-k", "top-p"]);
  assertEquals(nearest("h", TRAIN), ["help", "hidden-size"]);
  assertEquals(nearest("s", TRAIN), []); // too many
});

Deno.test("parts of a name, small mistakes, other spellings are found", () => {
  assertEquals(nearest("layers", TRAIN), ["num-layers"]);
  assertEquals(nearest("rate", TRAIN), ["learning-rate"]);
  assertEquals(nearest("epohcs", TRAIN), ["epochs"]);
  assertEquals(nearest("lenght", GENERATE), ["length"]);
  assertEquals(nearest("hidden_size", TRAIN), ["hidden-size"]);
  assertEquals(nearest("Epochs", TRAIN), ["epochs"]);
  assertEquals(nearest("batchsize", TRAIN), ["batch-size"]);
});

Deno.test("nothing is proposed where all are far", () => {
  for (const far of ["", "lr", "iterations", "no-such-flag", "x", "0"]) {
    assertEquals(nearest(far, TRAIN), []);
  }
  assertEquals(didYouMean([]), "");
  assertEquals(
    didYouMean(["--top-k", "--top-p"]),
    ": did you mean --top-k or --top-p?",
  );
});
