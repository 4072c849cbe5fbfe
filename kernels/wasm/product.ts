/**
 * Products of matrices of any size, in two phases: pack both factors, then the
 * tiles of the result. `A·B`, `A·Bᵀ` and `Aᵀ·B` differ in how they are packed alone.
 *
 *     c[i,j] = bias[j] + Σ_k a[i,k] · b[k,j]
 */

import { argument, setArgument } from "./control";
import { PACK_EXTENT, packColumns, packRows } from "./pack";
import { least } from "./simd";
import { MOVE, runPhase } from "./threads";
import { partOfTile, tile } from "./tile";

// Arguments of the packing phase: a count, then FIELDS words for each matrix.
const PACKS: usize = 0;
const FIELDS: usize = 10;

// Arguments of the product phase.
const PRODUCT: usize = 48;

/** Rows and columns of the block of the result that is one piece. */
const BLOCK_ROWS: usize = 32;
const BLOCK_COLUMNS: usize = 64;

/**
 * Most terms that a tile adds up at a time: both panels, 48 bytes a term, then stay
 * in a first-level cache of 32 KiB. How K is cut depends on K alone.
 */
const MOST_TERMS: usize = 512;

function termsAtATime(K: usize): usize {
  const parts = (K + MOST_TERMS - 1) / MOST_TERMS;
  return (K + parts - 1) / parts;
}

/** Begins the list of what `packAll` is to pack. */
export function beginPacking(): void {
  setArgument(PACKS, 0);
}

/** Adds the rows of a matrix `(extent, K)`, `stride` bytes apart. */
export function addRows(
  source: usize,
  stride: usize,
  extent: usize,
  K: usize,
  packed: usize,
  width: usize,
): void {
  addMatrix(0, source, stride, extent, K, packed, width, 0, 0);
}

/**
 * Adds the columns of a matrix `(K, extent)`. Its first `headRows` rows lie at
 * `head`, the others at `source`.
 */
export function addColumns(
  head: usize,
  headRows: usize,
  source: usize,
  stride: usize,
  extent: usize,
  K: usize,
  packed: usize,
  width: usize,
): void {
  addMatrix(1, source, stride, extent, K, packed, width, head, headRows);
}

function addMatrix(
  byColumns: usize,
  source: usize,
  stride: usize,
  extent: usize,
  K: usize,
  packed: usize,
  width: usize,
  head: usize,
  headRows: usize,
): void {
  const index = argument(PACKS);
  const at = PACKS + 1 + index * FIELDS;
  setArgument(at, byColumns);
  setArgument(at + 1, source);
  setArgument(at + 2, stride);
  setArgument(at + 3, extent);
  setArgument(at + 4, K);
  setArgument(at + 5, packed);
  setArgument(at + 6, width);
  setArgument(at + 7, head);
  setArgument(at + 8, headRows);
  setArgument(PACKS, index + 1);
}

/** Packs what was added. */
export function packAll(): void {
  let pieces: usize = 0;
  let work: f64 = 0;
  for (let index: usize = 0; index < argument(PACKS); index++) {
    const at = PACKS + 1 + index * FIELDS;
    pieces += piecesOf(argument(at + 3));
    work += MOVE * <f64> argument(at + 3) * <f64> argument(at + 4);
  }
  runPhase(packPiece, pieces, work);
}

function piecesOf(extent: usize): usize {
  return (extent + PACK_EXTENT - 1) / PACK_EXTENT;
}

/** Packs `PACK_EXTENT` rows or columns of one of the matrices. */
function packPiece(piece: usize, _thread: usize): void {
  let at = PACKS + 1;
  while (piece >= piecesOf(argument(at + 3))) {
    piece -= piecesOf(argument(at + 3));
    at += FIELDS;
  }
  const first = piece * PACK_EXTENT;
  const source = argument(at + 1), stride = argument(at + 2);
  const count = least(PACK_EXTENT, argument(at + 3) - first);
  const K = argument(at + 4);
  const packed = argument(at + 5), width = argument(at + 6);
  if (argument(at) == 0) {
    packRows(source, stride, first, count, K, packed, width);
    return;
  }
  const head = argument(at + 7), headRows = argument(at + 8);
  packColumns(head, stride, first, count, 0, headRows, K, packed, width);
  packColumns(source, stride, first, count, headRows, K, K, packed, width);
}

/** `c = bias + a · b` of packed factors; without a bias where `bias` is 0. */
export function product(
  a: usize, // (M, K), packed 4 wide
  b: usize, // (K, N), packed 8 wide
  bias: usize, // (N)
  c: usize, // (M, N)
  M: usize,
  N: usize,
  K: usize,
): void {
  setArgument(PRODUCT, a);
  setArgument(PRODUCT + 1, b);
  setArgument(PRODUCT + 2, bias);
  setArgument(PRODUCT + 3, c);
  setArgument(PRODUCT + 4, M);
  setArgument(PRODUCT + 5, N);
  setArgument(PRODUCT + 6, K);
  const down = (M + BLOCK_ROWS - 1) / BLOCK_ROWS;
  const across = (N + BLOCK_COLUMNS - 1) / BLOCK_COLUMNS;
  runPhase(productPiece, down * across, 2 * <f64> M * <f64> N * <f64> K);
}

/** One block of the result. */
function productPiece(piece: usize, thread: usize): void {
  const a = argument(PRODUCT), b = argument(PRODUCT + 1);
  const bias = argument(PRODUCT + 2), c = argument(PRODUCT + 3);
  const M = argument(PRODUCT + 4), N = argument(PRODUCT + 5);
  const K = argument(PRODUCT + 6);
  const across = (N + BLOCK_COLUMNS - 1) / BLOCK_COLUMNS;
  const i = piece / across * BLOCK_ROWS, j = piece % across * BLOCK_COLUMNS;
  const rows = least(BLOCK_ROWS, M - i), columns = least(BLOCK_COLUMNS, N - j);
  const corner = c + ((i * N + j) << 2);
  if (bias) {
    for (let row: usize = 0; row < rows; row++) {
      memory.copy(corner + row * (N << 2), bias + (j << 2), columns << 2);
    }
  }
  const panels = a + ((i * K) << 2), others = b + ((j * K) << 2);
  multiply(panels, others, corner, N << 2, rows, columns, K, bias != 0, thread);
}

/** Multiplies the panels of `rows` rows with those of `columns` columns. */
export function multiply(
  a: usize,
  b: usize,
  c: usize,
  stride: usize, // bytes from a row of c to the next
  rows: usize,
  columns: usize,
  K: usize,
  add: bool,
  thread: usize,
): void {
  const terms = termsAtATime(K);
  const panelBytes = K << 4;
  for (let k: usize = 0; k < K; k += terms) {
    const count = least(terms, K - k);
    for (let j: usize = 0; j < columns; j += 8) {
      const panel = b + ((j * K) << 2) + (k << 5);
      const width = least(8, columns - j);
      let other = a + (k << 4);
      let to = c + (j << 2);
      for (let i: usize = 0; i < rows; i += 4) {
        const height = least(4, rows - i);
        if (width == 8 && height == 4) {
          tile(other, panel, count, to, stride, add);
        } else {
          // deno-fmt-ignore
          partOfTile(other, panel, count, to, stride, add, height, width, thread);
        }
        other += panelBytes;
        to += stride << 2;
      }
    }
    add = true;
  }
}
