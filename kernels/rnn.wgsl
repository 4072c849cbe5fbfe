// Computes
//   One step of a vanilla recurrent layer,
//     output[t] = f(input[t] + output[t-1] · weightᵀ + bias),
//   with initialState for output[-1]: the pipeline of the first step has FIRST set.
//
// Bindings
//   input (T, B, H), weight (H, H), bias (H), initialState (B, H),
//   output (T, B, H): bound once, read at t-1 and written at t.
//
// Parallel
//   A workgroup owns 4·ROWS rows by 4·COLUMNS columns of output[t]. It is split
//   into tiles of 4 × 4, and the LANES invocations of a tile share its sums: lane
//   l takes the products k = l, l + LANES, …, so that neighbouring lanes read
//   neighbouring numbers of both factors, straight from the cache. There are few
//   outputs in a step, B·H, so this is what gives every core of a GPU some work.
//   The lanes' sums then meet in workgroup memory, always in the same order.
//
// Workgroup
//   32 × 4 × 2: a tile is one warp or wave, 128 outputs are about one workgroup
//   per core of a large GPU at H = 512 and B = 32, and their 32 partial sums are
//   the 16 KiB of workgroup memory that every device has.
//
// Reference
//   lib/backend/reference/rnn.ts, rnn.

override FIRST: bool = false;
override ROWS: u32 = 2;
override COLUMNS: u32 = 4;
const LANES = 32u;

struct Dims {
  t: u32,
  B: u32,
  H: u32,
  relu: u32,
  inputAt: u32,
  weightAt: u32,
  biasAt: u32,
  initialStateAt: u32,
  outputAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> initialState: array<f32>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;

var<workgroup> partials: array<vec4f, 4 * LANES * ROWS * COLUMNS>;

/// The 4 × 4 products of the k-th numbers of four rows and four columns.
fn products(rows: vec4u, columns: vec4u, k: u32) -> mat4x4f {
  let a = vec4f(
    previousState(rows.x + k),
    previousState(rows.y + k),
    previousState(rows.z + k),
    previousState(rows.w + k),
  );
  let b = vec4f(
    weight[columns.x + k],
    weight[columns.y + k],
    weight[columns.z + k],
    weight[columns.w + k],
  );
  return mat4x4f(a.x * b, a.y * b, a.z * b, a.w * b);
}

@compute @workgroup_size(LANES, COLUMNS, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let lane = local.x;
  let row = 4u * (group.y * ROWS + local.z);
  let column = 4u * (group.x * COLUMNS + local.y);
  let H = dims.H;

  // Rows and columns outside are computed from the last one and never stored.
  let before = previousStateAt();
  let rows = before + H * min(row + vec4u(0, 1, 2, 3), vec4u(dims.B - 1u));
  let columns = dims.weightAt + H * min(column + vec4u(0, 1, 2, 3), vec4u(H - 1u));
  var sum = mat4x4f();
  // The counter is the same in all lanes: loops that lanes leave one by one are
  // slow where a driver masks them.
  var first = 0u;
  for (; first + 4u * LANES <= H; first += 4u * LANES) {
    let k = first + lane;
    sum += products(rows, columns, k);
    sum += products(rows, columns, k + LANES);
    sum += products(rows, columns, k + 2u * LANES);
    sum += products(rows, columns, k + 3u * LANES);
  }
  for (; first + LANES <= H; first += LANES) {
    sum += products(rows, columns, first + lane);
  }
  if (first + lane < H) {
    sum += products(rows, columns, first + lane);
  }

  // partials[tile][row][lane] holds the four columns; 16 lanes add up eight each,
  // then each of them takes one output.
  let tile = 4u * LANES * (local.z * COLUMNS + local.y);
  partials[tile + lane] = sum[0];
  partials[tile + LANES + lane] = sum[1];
  partials[tile + 2u * LANES + lane] = sum[2];
  partials[tile + 3u * LANES + lane] = sum[3];
  workgroupBarrier();
  if (lane < 16u) {
    let at = tile + lane / 4u * LANES + lane % 4u;
    partials[at] = ((partials[at] + partials[at + 4u]) +
      (partials[at + 8u] + partials[at + 12u])) +
      ((partials[at + 16u] + partials[at + 20u]) +
      (partials[at + 24u] + partials[at + 28u]));
  }
  workgroupBarrier();
  let b = row + lane / 4u;
  let h = column + lane % 4u;
  if (lane >= 16u || b >= dims.B || h >= H) {
    return;
  }
  let at = tile + lane / 4u * LANES;
  let product = (partials[at] + partials[at + 1u]) + (partials[at + 2u] + partials[at + 3u]);
  let index = (dims.t * dims.B + b) * H + h;
  let a = input[dims.inputAt + index] + bias[dims.biasAt + h] + product[lane % 4u];
  if (dims.relu != 0u) {
    output[dims.outputAt + index] = select(a, 0.0, a < 0.0); // keeps NaN
  } else {
    output[dims.outputAt + index] = hyperbolicTangent(a);
  }
}
