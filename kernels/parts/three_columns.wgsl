// Gives
//   aliases for three columns of a product (matmul_tile.wgsl): Columns, a number of
//   each, Places, an element of each, and Sums, four rows of them; COUNTED, the numbers
//   0 to 2; rightOf(at), the right factor's numbers at these places.
//
// Asks
//   right(at: u32) -> f32.

alias Columns = vec3f;
alias Places = vec3u;
alias Sums = mat4x3f;
const COUNTED = Places(0, 1, 2);

fn rightOf(at: Places) -> Columns {
  return Columns(right(at.x), right(at.y), right(at.z));
}
