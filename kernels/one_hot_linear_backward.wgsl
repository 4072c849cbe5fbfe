// Computes
//   dWeight[o, v] = Σ dOutput[r, o] over the rows r whose token is v.
//
// Bindings
//   ids (rows) u32, dOutput (rows, O), dWeight (O, V); rows = T·B.
//
// Parallel
//   Workgroup (x, v) takes 64 outputs of token v. Its invocations look at 64 ids
//   at once, one each, and note the matches as bits; then all walk through the
//   set bits in ascending order, each adding up its own output. So the sum has
//   the order of the rows, with no atomic addition of floats.
//
// Workgroup
//   64: one bit each in two words, and 64 neighbouring outputs are read at once.
//
// Reference
//   lib/backend/reference/one_hot_linear.ts, oneHotLinearBackward.

/// Outputs of a workgroup, which are as many as the ids that it looks at at once.
const SHARE_X = 64u;

struct Dims {
  rows: u32,
  O: u32,
  V: u32,
  idsAt: u32,
  dOutputAt: u32,
  dWeightAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> dOutput: array<f32>;
@group(0) @binding(3) var<storage, read_write> dWeight: array<f32>;

var<workgroup> low: atomic<u32>;
var<workgroup> high: atomic<u32>;

/// The sum over the rows first + i, for each bit i that is set.
fn sumOf(bits: u32, first: u32, o: u32) -> f32 {
  var sum = 0f;
  for (var rest = bits; rest != 0u; rest &= rest - 1u) {
    let row = first + countTrailingZeros(rest);
    sum += dOutput[dims.dOutputAt + row * dims.O + o];
  }
  return sum;
}

@compute @workgroup_size(SHARE_X)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let v = group.y;
  let o = group.x * SHARE_X + lane;
  let column = min(o, dims.O - 1u);
  var sum = 0f;
  for (var first = 0u; first < dims.rows; first += SHARE_X) {
    if (lane == 0u) {
      atomicStore(&low, 0u);
      atomicStore(&high, 0u);
    }
    workgroupBarrier();
    let row = first + lane;
    if (row < dims.rows && ids[dims.idsAt + min(row, dims.rows - 1u)] == v) {
      if (lane < 32u) {
        atomicOr(&low, 1u << lane);
      } else {
        atomicOr(&high, 1u << (lane - 32u));
      }
    }
    workgroupBarrier();
    sum += sumOf(atomicLoad(&low), first, column);
    sum += sumOf(atomicLoad(&high), first + 32u, column);
    workgroupBarrier();
  }
  if (o < dims.O) {
    dWeight[dims.dWeightAt + o * dims.V + v] = sum;
  }
}
