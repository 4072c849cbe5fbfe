import type { Activation } from "../backend/backend.ts";
import { type CellName, CELLS } from "../model/cells.ts";
import type { ModelConfig } from "../model/config.ts";

/**
 * What model the tensors of a `state_dict` belong to, by their names and shapes: the
 * cell by how many times the hidden size `rnn.weight_hh_l0` has rows, the layers by
 * their names. What cannot be told is a sentence in `problems`.
 *
 * @param shapes Shape of each tensor by its name.
 */
export function inferConfig(
  shapes: ReadonlyMap<string, readonly number[]>,
  activation: Activation = "tanh",
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
  const cell = (Object.keys(CELLS) as CellName[])
    .find((name) => CELLS[name].gates * hiddenSize === rows);
  if (!cell) {
    problems.push(
      `rnn.weight_hh_l0 is (${
        recurrent.join(", ")
      }): its rows are not 1, 3 or 4 ` +
        `times ${hiddenSize}, as those of nn.RNN, nn.GRU and nn.LSTM are`,
    );
    return { problems };
  }
  if (activation !== "tanh" && cell !== "rnn") {
    problems.push(
      `the activation ${activation} is for nn.RNN, but this is nn.${cell.toUpperCase()}`,
    );
  }
  let numLayers = 1;
  while (shapes.has(`rnn.weight_hh_l${numLayers}`)) numLayers++;
  const config = {
    cell,
    activation,
    vocabularySize: head[0],
    embeddingSize: embedding[1],
    hiddenSize,
    numLayers,
  };
  return { config, problems };
}
