/** A learned embedding: rows of a table. Reference: `lib/backend/reference/embedding.ts`. */

import { argument, setArgument } from "./control";
import { least } from "./simd";
import { MOVE, runPhase } from "./threads";

/** Rows that one piece gathers. */
const GATHER_ROWS: usize = 32;

/** Columns of `dOutput` that one piece adds up: two cache lines. */
const SCATTER_COLUMNS: usize = 32;

/** Numbers that one piece clears. */
const CLEARED: usize = 65_536;

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
  const wrong = firstAbove(ids, rows, V);
  if (wrong >= 0) return wrong;
  setArgument(0, ids);
  setArgument(1, table);
  setArgument(2, output);
  setArgument(3, rows);
  setArgument(4, E);
  const pieces = (rows + GATHER_ROWS - 1) / GATHER_ROWS;
  runPhase(gatherPiece, pieces, MOVE * <f64> rows * <f64> E);
  return -1;
}

function gatherPiece(piece: usize, _thread: usize): void {
  const ids = argument(0), table = argument(1), output = argument(2);
  const bytes = argument(4) << 2;
  const first = piece * GATHER_ROWS;
  const end = least(first + GATHER_ROWS, argument(3));
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
  const wrong = firstAbove(ids, rows, V);
  if (wrong >= 0) return wrong;
  setArgument(0, ids);
  setArgument(1, dOutput);
  setArgument(2, dTable);
  setArgument(3, rows);
  setArgument(4, E);
  setArgument(5, V * E);
  const size = <f64> V * <f64> E;
  runPhase(clearPiece, (V * E + CLEARED - 1) / CLEARED, size);
  const pieces = (E + SCATTER_COLUMNS - 1) / SCATTER_COLUMNS;
  runPhase(scatterPiece, pieces, MOVE * <f64> rows * <f64> E);
  return -1;
}

function clearPiece(piece: usize, _thread: usize): void {
  const first = piece * CLEARED;
  const count = least(CLEARED, argument(5) - first);
  memory.fill(argument(2) + (first << 2), 0, count << 2);
}

/** Some columns of `dOutput`, over all rows. */
function scatterPiece(piece: usize, _thread: usize): void {
  const ids = argument(0), rows = argument(3), E = argument(4);
  const first = piece * SCATTER_COLUMNS;
  const columns = least(SCATTER_COLUMNS, E - first);
  const to = argument(2) + (first << 2);
  let from = argument(1) + (first << 2);
  for (let row: usize = 0; row < rows; row++) {
    const id = load<usize>(ids + (row << 2));
    addRow(from, to + ((id * E) << 2), columns);
    from += E << 2;
  }
}

/** `to += from`. */
export function addRow(from: usize, to: usize, count: usize): void {
  const end = to + (count << 2);
  for (; to + 16 <= end; to += 16, from += 16) {
    v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
  }
  for (; to < end; to += 4, from += 4) {
    store<f32>(to, load<f32>(to) + load<f32>(from));
  }
}

/** The first id that is not below V, or -1. */
export function firstAbove(ids: usize, count: usize, V: usize): f64 {
  const end = ids + (count << 2);
  for (; ids < end; ids += 4) {
    const id = load<u32>(ids);
    if (id >= <u32> V) return <f64> id;
  }
  return -1;
}
