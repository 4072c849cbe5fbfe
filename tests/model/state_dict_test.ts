import { assertEquals, assertThrows } from "@std/assert";
import { CELL_NAMES } from "../../lib/model/cells.ts";
import type { ModelConfig } from "../../lib/model/config.ts";
import { initializeParameters } from "../../lib/model/parameters.ts";
import { fromStateDict, toStateDict } from "../../lib/model/state_dict.ts";

const CONFIG: ModelConfig = {
  cell: "gru",
  vocabularySize: 4,
  embeddingSize: 2,
  hiddenSize: 3,
  numLayers: 2,
};

const PARAMETERS = initializeParameters(CONFIG, { seed: 1, init: "uniform" });

Deno.test("parameters come back from a state_dict to the bit", () => {
  for (const cell of CELL_NAMES) {
    const config = { ...CONFIG, cell };
    const parameters = initializeParameters(config, {
      seed: 1,
      init: "uniform",
    });
    const again = fromStateDict(config, toStateDict(config, parameters));
    assertEquals(again, parameters);
  }
});

Deno.test("a GRU's second bias is that of the new gate alone", () => {
  const dict = toStateDict(CONFIG, PARAMETERS);
  const own = PARAMETERS.get("rnn.bias_hh_l1")!;
  assertEquals([...dict.get("rnn.bias_hh_l1")!.data], [
    ...[0, 0, 0, 0, 0, 0],
    ...own,
  ]);
  assertEquals(dict.get("rnn.bias_hh_l1")!.shape, [9]);
  // PyTorch's own has numbers in all: those of r and z go to the first.
  dict.get("rnn.bias_hh_l1")!.data.set([1, 2, 3, 4, 5, 6]);
  const read = fromStateDict(CONFIG, dict);
  const first = PARAMETERS.get("rnn.bias_ih_l1")!;
  assertEquals(
    read.get("rnn.bias_ih_l1"),
    first.map((x, i) => i < 6 ? Math.fround(x + i + 1) : x),
  );
  assertEquals(read.get("rnn.bias_hh_l1"), own);
});

Deno.test("all that is wrong with a state_dict is listed", () => {
  const dict = toStateDict(CONFIG, PARAMETERS);
  dict.delete("linear.bias");
  dict.set("rnn.bias_ih_l0", { shape: [12], data: new Float32Array(12) });
  dict.set("extra", { shape: [1], data: new Float32Array(1) });
  dict.get("embedding.weight")!.data[3] = NaN;
  const error = assertThrows(() => fromStateDict(CONFIG, dict), RangeError);
  assertEquals(error.message.split("; "), [
    "embedding.weight holds NaN at 3",
    "rnn.bias_ih_l0 is (12) of real numbers, expected (9) of real numbers",
    "linear.bias (4) is missing",
    "extra is not part of the model",
  ]);
});
