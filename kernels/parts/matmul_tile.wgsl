// Gives
//   sumTile(rows, columns, terms, local): sums up the products of a tile, four rows
//   by as many columns as Columns has: of the numbers k = 0 to terms − 1 behind each
//   place in rows and in columns. All invocations of the workgroup call it.
//   sumOf(row, local): then the sums of the tile's row, 0 to 3, a number a column.
//   rowPlaces(product, row): the places of four rows of a product, from `row` on.
//   ROWS, COLUMNS, LANES: main has @workgroup_size(LANES, COLUMNS, ROWS), and
//   local is its local_invocation_id. A workgroup has ROWS by COLUMNS tiles.
//   struct Product: where both factors of left · rightᵀ begin, and their extents.
//
// Asks
//   left(at: u32) -> f32, the left factor's number at a place, and rightOf, Columns,
//   Places and Sums, as three_columns.wgsl and four_columns.wgsl have them.

override ROWS: u32 = 2;
override COLUMNS: u32 = 4;

/// The invocations that share the sums of a tile: lane l takes the products k = l,
/// l + LANES, …, so that neighbouring lanes read neighbouring numbers of both
/// factors, straight from the cache. A step of a recurrent layer has few outputs,
/// B·H, so this is what gives every core of a GPU some work. With 32 a tile is one
/// warp or wave.
const LANES = 32u;

/// [tile][row][lane]: the 16 KiB of workgroup memory that every device has, where a
/// tile is 4 × 4.
var<workgroup> partials: array<Columns, 4 * LANES * ROWS * COLUMNS>;

/// left · rightᵀ: both factors lie row by row, a row of either having `terms` numbers.
struct Product {
  leftAt: u32,
  rightAt: u32,
  rows: u32, // of the left factor
  columns: u32, // of the result: rows of the right factor
  terms: u32,
}

/// Rows outside are computed from the last one, and nothing is to become of them.
fn rowPlaces(product: Product, row: u32) -> vec4u {
  let inside = min(row + vec4u(0, 1, 2, 3), vec4u(product.rows - 1u));
  return product.leftAt + product.terms * inside;
}

/// The products of the k-th numbers of four rows and of the columns.
fn products(rows: vec4u, columns: Places, k: u32) -> Sums {
  let a = vec4f(left(rows.x + k), left(rows.y + k), left(rows.z + k), left(rows.w + k));
  let b = rightOf(columns + k);
  return Sums(a.x * b, a.y * b, a.z * b, a.w * b);
}

/// Where the partial sums of a row of the tile begin.
fn partialsOf(row: u32, local: vec3u) -> u32 {
  return LANES * (4u * (local.z * COLUMNS + local.y) + row);
}

fn sumTile(rows: vec4u, columns: Places, terms: u32, local: vec3u) {
  let lane = local.x;
  var sum = Sums();
  // The counter is the same in all lanes: loops that lanes leave one by one are
  // slow where a driver masks them.
  var first = 0u;
  for (; first + 4u * LANES <= terms; first += 4u * LANES) {
    let k = first + lane;
    sum += products(rows, columns, k);
    sum += products(rows, columns, k + LANES);
    sum += products(rows, columns, k + 2u * LANES);
    sum += products(rows, columns, k + 3u * LANES);
  }
  for (; first + LANES <= terms; first += LANES) {
    sum += products(rows, columns, first + lane);
  }
  if (first + lane < terms) {
    sum += products(rows, columns, first + lane);
  }

  // The lanes' sums meet in workgroup memory, always in the same order: 16 lanes add
  // up eight each here, and sumOf four of those.
  let tile = partialsOf(0u, local);
  partials[tile + lane] = sum[0];
  partials[tile + LANES + lane] = sum[1];
  partials[tile + 2u * LANES + lane] = sum[2];
  partials[tile + 3u * LANES + lane] = sum[3];
  workgroupBarrier();
  if (lane < 16u) {
    let at = partialsOf(lane / 4u, local) + lane % 4u;
    partials[at] = ((partials[at] + partials[at + 4u]) +
      (partials[at + 8u] + partials[at + 12u])) +
      ((partials[at + 16u] + partials[at + 20u]) +
      (partials[at + 24u] + partials[at + 28u]));
  }
  workgroupBarrier();
}

fn sumOf(row: u32, local: vec3u) -> Columns {
  let at = partialsOf(row, local);
  return (partials[at] + partials[at + 1u]) + (partials[at + 2u] + partials[at + 3u]);
}
