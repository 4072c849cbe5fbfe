// Gives
//   memory: the 16 KiB of workgroup memory that every device has, CAPACITY times four
//   numbers. They hold what ROWS rows need where ROWS · H is CAPACITY at the most.
//   sumSlice(first, terms, slice, slices, place): the products of the rows that lie in
//   memory from `first` on with four columns: a mat4x4f, a column of it for each row. Of
//   the terms, which are counted in fours as they lie in a row, it takes those at slice,
//   slice + slices, and so on.
//   ROWS, the rows of a workgroup, a power of two up to MOST_ROWS; SHARE_X.
//   LANES, QUADS: main has @workgroup_size(LANES, QUADS), QUADS a power of two from
//   LEAST_QUADS to 32, so that ROWS · LANES · QUADS sums have room in SUMS.
//   STEPS: the steps of a dispatch at the most, so that none takes long, and since some
//   drivers end an invocation's loops after 65,535 rounds.
//
// Asks
//   SUMS, how much of memory is for sums; fours(place: u32, k: u32) -> mat4x4f, the k-th
//   four terms of four columns: a column of it for each term.

override ROWS: u32 = 2;
override QUADS: u32 = 32;
override SHARE_X: u32 = ROWS;
override STEPS: u32 = 64;
const MOST_ROWS = 4u;
const LEAST_QUADS = LANES;
/// Neighbouring lanes read neighbouring numbers of the weight, 128 bytes together.
const LANES = 8u;
const CAPACITY = 1024u;

var<workgroup> memory: array<vec4f, CAPACITY>;

struct Slice {
  first: u32,
  terms: u32,
  place: u32,
}

/// ROWS is a constant, so no branch is left.
fn withTerms(before: mat4x4f, slice: Slice, k: u32) -> mat4x4f {
  var sums = before;
  let columns = fours(slice.place, k);
  let row = slice.first + k;
  sums[0] += columns * memory[row];
  if (ROWS > 1u) {
    sums[1] += columns * memory[row + slice.terms];
  }
  if (ROWS > 2u) {
    sums[2] += columns * memory[row + 2u * slice.terms];
    sums[3] += columns * memory[row + 3u * slice.terms];
  }
  return sums;
}

fn sumSlice(first: u32, terms: u32, slice: u32, slices: u32, place: u32) -> mat4x4f {
  let all = Slice(first, terms, place);
  var sums = mat4x4f();
  // The counter is the same in all slices: see matmul_tile.wgsl.
  var k = 0u;
  for (; k + 4u * slices <= terms; k += 4u * slices) {
    sums = withTerms(sums, all, k + slice);
    sums = withTerms(sums, all, k + slice + slices);
    sums = withTerms(sums, all, k + slice + 2u * slices);
    sums = withTerms(sums, all, k + slice + 3u * slices);
  }
  for (; k + slices <= terms; k += slices) {
    sums = withTerms(sums, all, k + slice);
  }
  if (k + slice < terms) {
    sums = withTerms(sums, all, k + slice);
  }
  return sums;
}
