import type { Activation } from "../backend/ops.ts";
import { CELL_NAMES, CELLS } from "../model/cells.ts";
import type { ModelConfig } from "../model/config.ts";

/**
 * What model the tensors of a `state_dict` belong to, by their names and shapes: the
 * cell, one that PyTorch has, by how many times the hidden size `rnn.weight_hh_l0` has
 * rows, the layers by their names. What cannot be told is a sentence in `problems`.
 *
 * @param shapes Shape of each tensor by its name.
 */
export function inferConfig(
  shapes: ReadonlyMap<string, readonly number[]>,
  activation?: Activation,
): { config?: ModelConfig; problems: string[] } {
  const problems: string[] = [];
  const matrix = (name: string) => {
    const shape = shapes.get(name);
    if (shape?.length === 2 && shape.every((extent) => extent > 0)) {
      return shape;
    }
    problems.push(
      shape
        ? `${name} is (${shape.join(", ")}), expected two dimensions`
        : `${name} is missing`,
    );
  };
  const recurrent = matrix("rnn.weight_hh_l0"); // (G·H, H)
  const head = matrix("linear.weight"); // (V, H)
  const embedding = shapes.has("embedding.weight")
    ? matrix("embedding.weight") // (V, E)
    : [0, 0];
  if (!recurrent || !head || !embedding) {
    const names = [...shapes.keys()];
    const listed = names.slice(0, 12).join(", ") +
      (names.length > 12 ? " and others" : "");
    problems.push(names.length > 0 ? `it holds ${listed}` : "it holds nothing");
    return { problems };
  }
  const [rows, hiddenSize] = recurrent;
  const known = CELL_NAMES.filter((name) => CELLS[name].torchName);
  const cell = known.find((name) => CELLS[name].gates * hiddenSize === rows);
  const modules = (names: typeof known, word: string) =>
    listed(names.map((name) => `nn.${CELLS[name].torchName}`), word);
  if (!cell) {
    const gates = known.map((name) => String(CELLS[name].gates));
    problems.push(
      `rnn.weight_hh_l0 is (${recurrent.join(", ")}): expected ` +
        `${listed(gates, "or")} times ${hiddenSize} rows, as in ` +
        `${modules(known, "and")}`,
    );
    return { problems };
  }
  const { activations } = CELLS[cell];
  if (activation && !activations.includes(activation)) {
    const others = known.filter((name) =>
      CELLS[name].activations.includes(activation)
    );
    problems.push(
      `the activation ${activation} is for ${modules(others, "and")}, but ` +
        `this is ${modules([cell], "and")}`,
    );
  }
  let numLayers = 1;
  while (shapes.has(`rnn.weight_hh_l${numLayers}`)) numLayers++;
  const config = {
    cell,
    activation: activation ?? activations[0],
    vocabularySize: head[0],
    embeddingSize: embedding[1],
    hiddenSize,
    numLayers,
  };
  return { config, problems };
}

/** `1, 3 or 4`. */
function listed(items: readonly string[], word: string): string {
  const before = items.slice(0, -1).join(", ");
  return before === "" ? `${items[0]}` : `${before} ${word} ${items.at(-1)}`;
}
