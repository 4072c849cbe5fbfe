// Gives
//   main(), which computes product() in tiles of 4 × 4 (matmul_tile.wgsl) and calls
//   finish(row, column, sum) for each element of it: 16 of the invocations that share
//   a tile's sums take one element each.
//
// Asks
//   product() -> Product; finish(row: u32, column: u32, sum: f32), which writes what
//   is to become of the element; matmul_tile.wgsl and four_columns.wgsl.

override SHARE_X: u32 = 4 * COLUMNS;
override SHARE_Y: u32 = 4 * ROWS;

@compute @workgroup_size(LANES, COLUMNS, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let all = product();
  let row = group.y * SHARE_Y + 4u * local.z;
  let column = group.x * SHARE_X + 4u * local.y;
  // Columns outside are computed from the last one, as rows are.
  let columns = all.rightAt + all.terms * min(column + COUNTED, Places(all.columns - 1u));
  sumTile(rowPlaces(all, row), columns, all.terms, local);
  let r = row + local.x / 4u;
  let c = column + local.x % 4u;
  if (local.x < 16u && r < all.rows && c < all.columns) {
    finish(r, c, sumOf(local.x / 4u, local)[local.x % 4u]);
  }
}
