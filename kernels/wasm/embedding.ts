/** A learned embedding: rows of a table. Reference: `lib/backend/reference/embedding.ts`. */

import { argument, Region, setArgument } from "./control";
import { scatterAdd } from "./scatter_add";
import { least } from "./simd";
import { MOVE, runPhase } from "./threads";
import { firstAbove } from "./token_ids";

const enum Slot {
  Ids = Region.Op,
  Table, // or dTable
  Output, // or dOutput
  Rows,
  V,
  E,
}

/** Rows that one piece gathers. */
const GATHER_ROWS: usize = 32;

/** Columns of `dOutput` that one piece adds up: two cache lines. */
const SCATTER_COLUMNS: usize = 32;

/** Numbers that one piece clears. */
const CLEARED: usize = 65_536;

/** Sets the ids and the sizes; returns the first id that is not below V, or -1. */
function setIds(ids: usize, rows: usize, V: usize, E: usize): f64 {
  setArgument(Slot.Ids, ids);
  setArgument(Slot.Rows, rows);
  setArgument(Slot.V, V);
  setArgument(Slot.E, E);
  return firstAbove(ids, rows, V);
}

/**
 * `output[r,:] = table[ids[r],:]`.
 *
 * @returns The first id that is not below V, or -1.
 */
export function embedding(
  ids: usize, // (rows) u32
  table: usize, // (V, E)
  output: usize, // (rows, E)
  rows: usize,
  V: usize,
  E: usize,
): f64 {
  const wrong = setIds(ids, rows, V, E);
  if (wrong >= 0) return wrong;
  setArgument(Slot.Table, table);
  setArgument(Slot.Output, output);
  const pieces = (rows + GATHER_ROWS - 1) / GATHER_ROWS;
  runPhase(gatherPiece, pieces, MOVE * <f64> rows * <f64> E);
  return -1;
}

function gatherPiece(piece: usize, _thread: usize): void {
  const ids = argument(Slot.Ids), table = argument(Slot.Table);
  const output = argument(Slot.Output), bytes = argument(Slot.E) << 2;
  const first = piece * GATHER_ROWS;
  const end = least(first + GATHER_ROWS, argument(Slot.Rows));
  for (let row = first; row < end; row++) {
    const id = load<usize>(ids + (row << 2));
    memory.copy(output + row * bytes, table + id * bytes, bytes);
  }
}

/**
 * `dTable[v,:] = Σ dOutput[r,:]` over the rows where `ids[r] = v`, in order. Rows that
 * no id names are cleared, and not looked at again.
 *
 * @returns The first id that is not below V, or -1.
 */
export function embeddingBackward(
  ids: usize, // (rows) u32
  dOutput: usize, // (rows, E)
  dTable: usize, // (V, E)
  rows: usize,
  V: usize,
  E: usize,
): f64 {
  const wrong = setIds(ids, rows, V, E);
  if (wrong >= 0) return wrong;
  setArgument(Slot.Table, dTable);
  setArgument(Slot.Output, dOutput);
  const size = <f64> V * <f64> E;
  runPhase(clearPiece, (V * E + CLEARED - 1) / CLEARED, size);
  const pieces = (E + SCATTER_COLUMNS - 1) / SCATTER_COLUMNS;
  runPhase(scatterPiece, pieces, MOVE * <f64> rows * <f64> E);
  return -1;
}

function clearPiece(piece: usize, _thread: usize): void {
  const first = piece * CLEARED;
  const size = argument(Slot.V) * argument(Slot.E);
  const count = least(CLEARED, size - first);
  memory.fill(argument(Slot.Table) + (first << 2), 0, count << 2);
}

/** Some columns of `dOutput`, over all rows. */
function scatterPiece(piece: usize, _thread: usize): void {
  const E = argument(Slot.E), first = piece * SCATTER_COLUMNS;
  const columns = least(SCATTER_COLUMNS, E - first);
  const from = argument(Slot.Output) + (first << 2);
  const to = argument(Slot.Table) + (first << 2);
  const ids = argument(Slot.Ids), rows = argument(Slot.Rows);
  scatterAdd(ids, from, E << 2, to, E << 2, rows, columns);
}
