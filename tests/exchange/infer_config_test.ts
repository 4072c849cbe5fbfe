import { assertEquals } from "@std/assert";
import { inferConfig } from "../../lib/exchange/infer_config.ts";
import {
  type Cell,
  CELL_NAMES,
  type CellName,
  CELLS,
} from "../../lib/model/cells.ts";

/** Shapes of a model of H = 2 whose recurrent weights have so many rows. */
const shapes = (rows: number) =>
  new Map([["rnn.weight_hh_l0", [rows, 2]], ["linear.weight", [3, 2]]]);

Deno.test("a cell is told by its gates", () => {
  for (const name of CELL_NAMES.filter((name) => CELLS[name].torchName)) {
    const { config } = inferConfig(shapes(2 * CELLS[name].gates));
    assertEquals(config?.cell, name);
  }
  assertEquals(inferConfig(shapes(10)), {
    problems: [
      "rnn.weight_hh_l0 is (10, 2): expected 1, 3 or 4 times 2 rows, as in " +
      "nn.RNN, nn.GRU and nn.LSTM",
    ],
  });
});

Deno.test("a cell that PyTorch does not have is not considered", () => {
  const cells = CELLS as Record<CellName, Cell>;
  const { gru } = cells;
  cells.gru = { ...gru, torchName: undefined };
  try {
    assertEquals(inferConfig(shapes(6)), {
      problems: [
        "rnn.weight_hh_l0 is (6, 2): expected 1 or 4 times 2 rows, as in " +
        "nn.RNN and nn.LSTM",
      ],
    });
  } finally {
    cells.gru = gru;
  }
});

Deno.test("an activation that the cell does not have is a problem", () => {
  assertEquals(inferConfig(shapes(2), "relu").problems, []);
  assertEquals(inferConfig(shapes(8), "relu").problems, [
    "the activation relu is for nn.RNN, but this is nn.LSTM",
  ]);
});
