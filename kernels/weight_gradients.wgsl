// Computes
//   The gradients of the weights and biases around a layer: of the input's share, of the
//   state's share and of the head. Each is a product over all rows r = t·B + b,
//     dWeightIh = Σ_r dInput[r]ᵀ · x[r]
//     dWeight = Σ_r dSums[r]ᵀ · h[r]
//     dHeadWeight = Σ_r dLogits[r]ᵀ · output[r]
//   and a bias's gradient is one more column of its product, whose factor is 1. h[r] is
//   the state before row r, initialState[r] for r < B and output[r − B] after that; x[r]
//   is input[r], or with ONE_HOT set the one-hot row of ids[r].
//
// Bindings
//   ids (rows) u32, input (rows, I), initialState (B, H), output (rows, H), dInput
//   (rows, O), dSums (rows, O), dLogits (rows, V), gradients, the buffer that has all
//   results, each where dims says that it begins.
//
// Parallel
//   A workgroup takes a tile of TILE × TILE of one product; all tiles are counted
//   through, `across` of them side by side in x. The rows are added up in SLICES, 64 invocations each, an invocation
//   4 × 4 elements: there are few tiles and many rows. DEPTH rows of a slice at a time go
//   through workgroup memory; the next ones are fetched while these are multiplied. At
//   the end the slices' sums are added up, always in the same order.
//
// Workgroup
//   256, with the 16 KiB of workgroup memory that every device has: first the factors of
//   all slices, then their sums.
//
// Reference
//   lib/backend/reference/weight_gradients.ts.

override ONE_HOT: bool = false;

const TILE = 32u;
const SLICES = 4u;
const DEPTH = 16u;
/// Quads of four in a row of a tile.
const QUADS = 8u;
/// Invocations of a slice: QUADS × QUADS.
const SLICE = 64u;
const SIZE = 256u;
const STAGED_ROWS = 64u; // of all slices: SLICES · DEPTH
/// Where the right factors begin behind the left ones: SLICES · DEPTH · QUADS.
const RIGHT_AT = 512u;
/// Ids of so many columns are looked at before they are multiplied.
const MANY_COLUMNS = 128u;
const COUNTED = vec4u(0, 1, 2, 3);

struct Dims {
  rows: u32,
  B: u32,
  I: u32,
  H: u32,
  O: u32,
  V: u32,
  hasBias: u32,
  hasHiddenBias: u32,
  hasHeadBias: u32,
  firstInputTile: u32,
  firstHeadTile: u32,
  tiles: u32,
  across: u32,
  dWeightIhAt: u32,
  dWeightAt: u32,
  dBiasAt: u32,
  dHiddenBiasAt: u32,
  dHeadWeightAt: u32,
  dHeadBiasAt: u32,
  idsAt: u32,
  inputAt: u32,
  initialStateAt: u32,
  outputAt: u32,
  dInputAt: u32,
  dSumsAt: u32,
  dLogitsAt: u32,
  gradientsAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> input: array<f32>;
@group(0) @binding(3) var<storage, read> initialState: array<f32>;
@group(0) @binding(4) var<storage, read> output: array<f32>;
@group(0) @binding(5) var<storage, read> dInput: array<f32>;
@group(0) @binding(6) var<storage, read> dSums: array<f32>;
@group(0) @binding(7) var<storage, read> dLogits: array<f32>;
@group(0) @binding(8) var<storage, read_write> gradients: array<f32>;

/// [slice][k][quad] of the left factors, then of the right ones; [row][invocation] of
/// the sums.
var<workgroup> staged: array<vec4f, 1024>;

/// A tile of a product, and the weight's extents there.
struct Tile {
  row: u32,
  column: u32,
  rows: u32,
  columns: u32,
}

/// What an invocation does of a tile: it fetches the quad of a slice's k-th row and of
/// its k + 8th, and multiplies the quad y of the rows by the quad x of the columns.
struct Place {
  slice: u32,
  k: u32,
  quad: u32,
  x: u32,
  y: u32,
}

/// Four numbers of the left factor and of the right one, of one row.
struct Terms {
  left: vec4f,
  right: vec4f,
}

fn tileOf(index: u32, rows: u32, columns: u32, hasBias: u32) -> Tile {
  let across = (columns + hasBias + TILE - 1u) / TILE;
  return Tile(TILE * (index / across), TILE * (index % across), rows, columns);
}

fn placeOf(index: u32) -> Place {
  let i = index % SLICE;
  return Place(index / SLICE, i / QUADS, i % QUADS, i % QUADS, i / QUADS);
}

/// The row that an invocation fetches first, of the rows from `first` on.
fn rowOf(first: u32, place: Place) -> u32 {
  return first + DEPTH * place.slice + place.k;
}

/// Which numbers of a row an invocation fetches for a tile: of the left factor and of
/// the right one. Those outside are the last one.
struct Columns {
  left: vec4u,
  right: vec4u,
  isBias: vec4<bool>,
}

fn columnsOf(tile: Tile, place: Place) -> Columns {
  let right = tile.column + 4u * place.quad + COUNTED;
  return Columns(
    min(tile.row + 4u * place.quad + COUNTED, vec4u(tile.rows - 1u)),
    min(right, vec4u(max(tile.columns, 1u) - 1u)),
    right == vec4u(tile.columns),
  );
}

/// Of a row behind the last one the left factor is zero.
fn termsOf(row: u32, end: u32, left: vec4f, right: vec4f, columns: Columns) -> Terms {
  return Terms(
    select(vec4f(), left, row < end),
    select(right, vec4f(1.0), columns.isBias),
  );
}

/// Of the rows before B, whose states are the first.
fn firstTerms(row: u32, columns: Columns) -> Terms {
  let inside = min(row, dims.B - 1u);
  let l = dims.dSumsAt + inside * dims.O + columns.left;
  let left = vec4f(dSums[l.x], dSums[l.y], dSums[l.z], dSums[l.w]);
  let i = dims.initialStateAt + inside * dims.H + columns.right;
  let right = vec4f(
    initialState[i.x],
    initialState[i.y],
    initialState[i.z],
    initialState[i.w],
  );
  return termsOf(row, dims.B, left, right, columns);
}

/// Of the rows from B on, counted from there.
fn stateTerms(row: u32, columns: Columns) -> Terms {
  let end = dims.rows - dims.B;
  let inside = min(row, max(end, 1u) - 1u);
  let l = dims.dSumsAt + min(inside + dims.B, dims.rows - 1u) * dims.O + columns.left;
  let left = vec4f(dSums[l.x], dSums[l.y], dSums[l.z], dSums[l.w]);
  let i = dims.outputAt + inside * dims.H + columns.right;
  let right = vec4f(output[i.x], output[i.y], output[i.z], output[i.w]);
  return termsOf(row, end, left, right, columns);
}

fn inputTerms(row: u32, columns: Columns) -> Terms {
  let inside = min(row, dims.rows - 1u);
  let l = dims.dInputAt + inside * dims.O + columns.left;
  let left = vec4f(dInput[l.x], dInput[l.y], dInput[l.z], dInput[l.w]);
  var right = vec4f();
  if (ONE_HOT) {
    let id = ids[dims.idsAt + inside];
    right = select(vec4f(), vec4f(1.0), columns.right == vec4u(id));
  } else {
    let i = dims.inputAt + inside * dims.I + columns.right;
    right = vec4f(input[i.x], input[i.y], input[i.z], input[i.w]);
  }
  return termsOf(row, dims.rows, left, right, columns);
}

fn headTerms(row: u32, columns: Columns) -> Terms {
  let inside = min(row, dims.rows - 1u);
  let l = dims.dLogitsAt + inside * dims.V + columns.left;
  let left = vec4f(dLogits[l.x], dLogits[l.y], dLogits[l.z], dLogits[l.w]);
  let i = dims.outputAt + inside * dims.H + columns.right;
  let right = vec4f(output[i.x], output[i.y], output[i.z], output[i.w]);
  return termsOf(row, dims.rows, left, right, columns);
}

/// Puts what was fetched of two rows into workgroup memory.
fn stage(one: Terms, other: Terms, place: Place) {
  let at = (DEPTH * place.slice + place.k) * QUADS + place.quad;
  staged[at] = one.left;
  staged[at + 8u * QUADS] = other.left;
  staged[RIGHT_AT + at] = one.right;
  staged[RIGHT_AT + at + 8u * QUADS] = other.right;
  workgroupBarrier();
}

/// The 4 × 4 products of a slice's k-th terms.
fn products(k: u32, place: Place) -> mat4x4f {
  let row = (DEPTH * place.slice + k) * QUADS;
  let a = staged[row + place.y];
  let b = staged[RIGHT_AT + row + place.x];
  return mat4x4f(a.x * b, a.y * b, a.z * b, a.w * b);
}

/// The products of the first `depth` terms in workgroup memory, a multiple of 4, added
/// one after the other.
fn addStaged(before: mat4x4f, depth: u32, place: Place) -> mat4x4f {
  var sum = before;
  for (var k = 0u; k < depth; k += 4u) {
    sum += products(k, place);
    sum += products(k + 1u, place);
    sum += products(k + 2u, place);
    sum += products(k + 3u, place);
  }
  return sum;
}

/// How many of a slice's terms there are from row `first` on, as a multiple of 4.
fn depthOf(first: u32, end: u32, place: Place) -> u32 {
  let own = first + DEPTH * place.slice;
  return min(DEPTH, 4u * ((max(end, own) - own + 3u) / 4u));
}

/// The same, or none where no id is in the tile, as is often so with many of them.
fn depthOfIds(first: u32, end: u32, tile: Tile, place: Place) -> u32 {
  let depth = depthOf(first, end, place);
  let looks = ONE_HOT && tile.columns > MANY_COLUMNS && tile.column + TILE <= tile.columns;
  var isThere = !looks;
  let last = select(0u, depth, looks);
  for (var k = 0u; k < last; k++) {
    let row = min(first + DEPTH * place.slice + k, end - 1u);
    isThere = isThere || ids[dims.idsAt + row] - tile.column < TILE;
  }
  return select(0u, depth, isThere);
}

fn addFirst(before: mat4x4f, tile: Tile, place: Place, end: u32) -> mat4x4f {
  let columns = columnsOf(tile, place);
  var sum = before;
  var row = rowOf(0u, place);
  var one = firstTerms(row, columns);
  var other = firstTerms(row + 8u, columns);
  for (var first = 0u; first < end; first += STAGED_ROWS) {
    stage(one, other, place);
    row += STAGED_ROWS;
    one = firstTerms(row, columns);
    other = firstTerms(row + 8u, columns);
    sum = addStaged(sum, depthOf(first, end, place), place);
    workgroupBarrier();
  }
  return sum;
}

fn addStates(before: mat4x4f, tile: Tile, place: Place, end: u32) -> mat4x4f {
  let columns = columnsOf(tile, place);
  var sum = before;
  var row = rowOf(0u, place);
  var one = stateTerms(row, columns);
  var other = stateTerms(row + 8u, columns);
  for (var first = 0u; first < end; first += STAGED_ROWS) {
    stage(one, other, place);
    row += STAGED_ROWS;
    one = stateTerms(row, columns);
    other = stateTerms(row + 8u, columns);
    sum = addStaged(sum, depthOf(first, end, place), place);
    workgroupBarrier();
  }
  return sum;
}

fn addInputs(before: mat4x4f, tile: Tile, place: Place, end: u32) -> mat4x4f {
  let columns = columnsOf(tile, place);
  var sum = before;
  var row = rowOf(0u, place);
  var one = inputTerms(row, columns);
  var other = inputTerms(row + 8u, columns);
  for (var first = 0u; first < end; first += STAGED_ROWS) {
    stage(one, other, place);
    row += STAGED_ROWS;
    one = inputTerms(row, columns);
    other = inputTerms(row + 8u, columns);
    sum = addStaged(sum, depthOfIds(first, end, tile, place), place);
    workgroupBarrier();
  }
  return sum;
}

fn addHead(before: mat4x4f, tile: Tile, place: Place, end: u32) -> mat4x4f {
  let columns = columnsOf(tile, place);
  var sum = before;
  var row = rowOf(0u, place);
  var one = headTerms(row, columns);
  var other = headTerms(row + 8u, columns);
  for (var first = 0u; first < end; first += STAGED_ROWS) {
    stage(one, other, place);
    row += STAGED_ROWS;
    one = headTerms(row, columns);
    other = headTerms(row + 8u, columns);
    sum = addStaged(sum, depthOf(first, end, place), place);
    workgroupBarrier();
  }
  return sum;
}

/// Where the gradients of a weight and of its bias begin, and the first row of the bias.
struct Destination {
  weight: u32,
  bias: u32,
  hasBias: u32,
  firstBias: u32,
}

/// Stores an element of the weight's gradient, or of the bias's, its last column.
fn storeOne(tile: Tile, to: Destination, row: u32, column: u32, sum: f32) {
  let isBias = column == tile.columns && to.hasBias != 0u && row >= to.firstBias;
  let at = select(to.weight + row * tile.columns + column, to.bias + row - to.firstBias, isBias);
  if (row < tile.rows && (column < tile.columns || isBias)) {
    gradients[dims.gradientsAt + at] = sum;
  }
}

/// Adds up the sums of the slices, a row of four an invocation, and stores them.
fn store(tile: Tile, to: Destination, sum: mat4x4f, index: u32) {
  staged[index] = sum[0];
  staged[SIZE + index] = sum[1];
  staged[2u * SIZE + index] = sum[2];
  staged[3u * SIZE + index] = sum[3];
  workgroupBarrier();
  let i = index % SLICE;
  let r = index / SLICE;
  let at = r * SIZE + i;
  let whole = (staged[at] + staged[at + SLICE]) +
    (staged[at + 2u * SLICE] + staged[at + 3u * SLICE]);
  let row = tile.row + 4u * (i / QUADS) + r;
  let column = tile.column + 4u * (i % QUADS);
  storeOne(tile, to, row, column, whole.x);
  storeOne(tile, to, row, column + 1u, whole.y);
  storeOne(tile, to, row, column + 2u, whole.z);
  storeOne(tile, to, row, column + 3u, whole.w);
}

@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let t = group.x + group.y * dims.across;
  if (t >= dims.tiles) {
    return;
  }
  let place = placeOf(index);
  let isState = t < dims.firstInputTile;
  let isHead = t >= dims.firstHeadTile;
  var tile = tileOf(t - dims.firstInputTile, dims.O, dims.I, dims.hasBias);
  var to = Destination(dims.dWeightIhAt, dims.dBiasAt, dims.hasBias, 0u);
  if (isState) {
    tile = tileOf(t, dims.O, dims.H, dims.hasHiddenBias);
    to = Destination(dims.dWeightAt, dims.dHiddenBiasAt, dims.hasHiddenBias, dims.O - dims.H);
  } else if (isHead) {
    tile = tileOf(t - dims.firstHeadTile, dims.V, dims.H, dims.hasHeadBias);
    to = Destination(dims.dHeadWeightAt, dims.dHeadBiasAt, dims.hasHeadBias, 0u);
  }
  // The other products have no rows: a loop that is not entered costs little on any
  // device, where some go through both sides of a branch.
  let isInput = !isState && !isHead;
  var sum = mat4x4f();
  sum = addFirst(sum, tile, place, select(0u, dims.B, isState));
  sum = addStates(sum, tile, place, select(0u, dims.rows - dims.B, isState));
  sum = addInputs(sum, tile, place, select(0u, dims.rows, isInput));
  sum = addHead(sum, tile, place, select(0u, dims.rows, isHead));
  store(tile, to, sum, index);
}
