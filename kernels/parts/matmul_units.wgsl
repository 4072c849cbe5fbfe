// Gives
//   main(), which computes product() in tiles of four rows by the gates of one unit
//   (matmul_tile.wgsl), and calls finish(row, unit, sums) for each row and unit, with
//   the sums of all gates: all that the unit's state needs. Four of the invocations
//   that share a tile's sums take one row each.
//
// Asks
//   product() -> Product, whose columns are the units: the right factor has as many
//   rows for each gate, one gate after the other; finish(row: u32, unit: u32,
//   sums: Columns); matmul_tile.wgsl and three_columns.wgsl or four_columns.wgsl, which
//   say how many gates there are.

override SHARE_X: u32 = COLUMNS;
override SHARE_Y: u32 = 4 * ROWS;

@compute @workgroup_size(LANES, COLUMNS, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let all = product();
  let row = group.y * SHARE_Y + 4u * local.z;
  let unit = group.x * SHARE_X + local.y;
  // A unit outside is computed from the last one, as rows are.
  let gates = min(unit, all.columns - 1u) + all.columns * COUNTED;
  sumTile(rowPlaces(all, row), all.rightAt + all.terms * gates, all.terms, local);
  let r = row + local.x;
  if (local.x < 4u && r < all.rows && unit < all.columns) {
    finish(r, unit, sumOf(local.x, local));
  }
}
