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
//   A workgroup takes a tile of TILE × TILE of one product, and then every stride-th
//   tile after it. The rows are added up in SLICES, 64 invocations each, an invocation
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

/// The places of four columns of the left factor's row; those outside are the last one.
fn leftPlaces(row: u32, tile: Tile, place: Place) -> vec4u {
  let inside = min(tile.row + 4u * place.quad + COUNTED, vec4u(tile.rows - 1u));
  return min(row, dims.rows - 1u) * tile.rows + inside;
}

/// Four numbers of the left factor; zero behind the last row.
fn leftWithin(row: u32, four: vec4f) -> vec4f {
  return select(vec4f(), four, row < dims.rows);
}

fn columnsOf(tile: Tile, place: Place) -> vec4u {
  return tile.column + 4u * place.quad + COUNTED;
}

/// Four numbers of the right factor: 1 in the column of the bias.
fn rightWithin(tile: Tile, place: Place, four: vec4f) -> vec4f {
  return select(four, vec4f(1.0), columnsOf(tile, place) == vec4u(tile.columns));
}

fn rightPlaces(row: u32, tile: Tile, place: Place) -> vec4u {
  return row * tile.columns + min(columnsOf(tile, place), vec4u(tile.columns - 1u));
}

fn stateTerms(row: u32, tile: Tile, place: Place) -> Terms {
  let l = dims.dSumsAt + leftPlaces(row, tile, place);
  let left = vec4f(dSums[l.x], dSums[l.y], dSums[l.z], dSums[l.w]);
  var right = vec4f();
  if (row < dims.B) {
    let i = dims.initialStateAt + rightPlaces(row, tile, place);
    right = vec4f(initialState[i.x], initialState[i.y], initialState[i.z], initialState[i.w]);
  } else {
    let before = min(row, dims.rows - 1u) - min(dims.B, dims.rows - 1u);
    let i = dims.outputAt + rightPlaces(before, tile, place);
    right = vec4f(output[i.x], output[i.y], output[i.z], output[i.w]);
  }
  return Terms(leftWithin(row, left), rightWithin(tile, place, right));
}

fn inputTerms(row: u32, tile: Tile, place: Place) -> Terms {
  let l = dims.dInputAt + leftPlaces(row, tile, place);
  let left = vec4f(dInput[l.x], dInput[l.y], dInput[l.z], dInput[l.w]);
  let inside = min(row, dims.rows - 1u);
  var right = vec4f();
  if (ONE_HOT) {
    let id = ids[dims.idsAt + inside];
    right = select(vec4f(), vec4f(1.0), columnsOf(tile, place) == vec4u(id));
  } else {
    let i = dims.inputAt + rightPlaces(inside, tile, place);
    right = vec4f(input[i.x], input[i.y], input[i.z], input[i.w]);
  }
  return Terms(leftWithin(row, left), rightWithin(tile, place, right));
}

fn headTerms(row: u32, tile: Tile, place: Place) -> Terms {
  let l = dims.dLogitsAt + leftPlaces(row, tile, place);
  let left = vec4f(dLogits[l.x], dLogits[l.y], dLogits[l.z], dLogits[l.w]);
  let i = dims.outputAt + rightPlaces(min(row, dims.rows - 1u), tile, place);
  let right = vec4f(output[i.x], output[i.y], output[i.z], output[i.w]);
  return Terms(leftWithin(row, left), rightWithin(tile, place, right));
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

/// The products of the terms in workgroup memory, added one after the other.
fn addStaged(before: mat4x4f, place: Place) -> mat4x4f {
  var sum = before;
  sum += products(0u, place);
  sum += products(1u, place);
  sum += products(2u, place);
  sum += products(3u, place);
  sum += products(4u, place);
  sum += products(5u, place);
  sum += products(6u, place);
  sum += products(7u, place);
  sum += products(8u, place);
  sum += products(9u, place);
  sum += products(10u, place);
  sum += products(11u, place);
  sum += products(12u, place);
  sum += products(13u, place);
  sum += products(14u, place);
  sum += products(15u, place);
  return sum;
}

fn sumOfState(tile: Tile, place: Place) -> mat4x4f {
  var sum = mat4x4f();
  var row = rowOf(0u, place);
  var one = stateTerms(row, tile, place);
  var other = stateTerms(row + 8u, tile, place);
  for (var first = 0u; first < dims.rows; first += STAGED_ROWS) {
    stage(one, other, place);
    row += STAGED_ROWS;
    one = stateTerms(row, tile, place);
    other = stateTerms(row + 8u, tile, place);
    sum = addStaged(sum, place);
    workgroupBarrier();
  }
  return sum;
}

/// How many of a slice's rows from `first` on are to be multiplied: none where no id is
/// in the tile, or else all.
fn depthOf(first: u32, tile: Tile, place: Place) -> u32 {
  let looks = ONE_HOT && tile.columns > MANY_COLUMNS && tile.column + TILE <= tile.columns;
  if (!looks) {
    return DEPTH;
  }
  var isThere = false;
  for (var k = 0u; k < DEPTH; k++) {
    let row = min(first + DEPTH * place.slice + k, dims.rows - 1u);
    isThere = isThere || ids[dims.idsAt + row] - tile.column < TILE;
  }
  return select(0u, DEPTH, isThere);
}

fn sumOfInput(tile: Tile, place: Place) -> mat4x4f {
  var sum = mat4x4f();
  var row = rowOf(0u, place);
  var one = inputTerms(row, tile, place);
  var other = inputTerms(row + 8u, tile, place);
  for (var first = 0u; first < dims.rows; first += STAGED_ROWS) {
    stage(one, other, place);
    row += STAGED_ROWS;
    one = inputTerms(row, tile, place);
    other = inputTerms(row + 8u, tile, place);
    let depth = depthOf(first, tile, place);
    for (var k = 0u; k < depth; k += DEPTH) {
      sum = addStaged(sum, place);
    }
    workgroupBarrier();
  }
  return sum;
}

fn sumOfHead(tile: Tile, place: Place) -> mat4x4f {
  var sum = mat4x4f();
  var row = rowOf(0u, place);
  var one = headTerms(row, tile, place);
  var other = headTerms(row + 8u, tile, place);
  for (var first = 0u; first < dims.rows; first += STAGED_ROWS) {
    stage(one, other, place);
    row += STAGED_ROWS;
    one = headTerms(row, tile, place);
    other = headTerms(row + 8u, tile, place);
    sum = addStaged(sum, place);
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
  if (row < tile.rows) {
    for (var c = 0u; c < 4u; c++) {
      if (column + c < tile.columns) {
        gradients[dims.gradientsAt + to.weight + row * tile.columns + column + c] = whole[c];
      } else if (column + c == tile.columns && to.hasBias != 0u && row >= to.firstBias) {
        gradients[dims.gradientsAt + to.bias + row - to.firstBias] = whole[c];
      }
    }
  }
  workgroupBarrier(); // all have read the sums when the next factors come
}

@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let place = placeOf(index);
  for (var t = group.x; t < dims.tiles; t += groups.x) {
    if (t < dims.firstInputTile) {
      let tile = tileOf(t, dims.O, dims.H, dims.hasHiddenBias);
      let to = Destination(
        dims.dWeightAt,
        dims.dHiddenBiasAt,
        dims.hasHiddenBias,
        dims.O - dims.H,
      );
      store(tile, to, sumOfState(tile, place), index);
    } else if (t < dims.firstHeadTile) {
      let tile = tileOf(t - dims.firstInputTile, dims.O, dims.I, dims.hasBias);
      let to = Destination(dims.dWeightIhAt, dims.dBiasAt, dims.hasBias, 0u);
      store(tile, to, sumOfInput(tile, place), index);
    } else {
      let tile = tileOf(t - dims.firstHeadTile, dims.V, dims.H, dims.hasHeadBias);
      let to = Destination(dims.dHeadWeightAt, dims.dHeadBiasAt, dims.hasHeadBias, 0u);
      store(tile, to, sumOfHead(tile, place), index);
    }
  }
}
