// Computes
//   One step of backpropagation through time, from the last step to the first:
//     dInput[t] = (dOutput[t] + dInput[t+1] · weight) ⊙ f',
//   where f' is 1 − output² for tanh and output > 0 for relu. The last step has
//   nothing after it.
//
// Bindings
//   transposed (H, H), a scratch tensor that holds weightᵀ, output (T, B, H),
//   dOutput (T, B, H), dInput (T, B, H): bound once, read at t+1 and written at t.
//
// Parallel
//   As in rnn.wgsl: a workgroup owns 4·ROWS rows by 4·COLUMNS columns of
//   dInput[t], in tiles of 4 × 4, and the LANES invocations of a tile share its
//   sums. With weightᵀ neighbouring lanes read neighbouring numbers here too.
//
// Workgroup
//   32 × 4 × 2, for the reasons given in rnn.wgsl.
//
// Reference
//   lib/backend/reference/rnn.ts, rnnBackward.

override ROWS: u32 = 2;
override COLUMNS: u32 = 4;
const LANES = 32u;

struct Dims {
  t: u32,
  T: u32,
  B: u32,
  H: u32,
  relu: u32,
  transposedAt: u32,
  outputAt: u32,
  dOutputAt: u32,
  dInputAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> transposed: array<f32>;
@group(0) @binding(2) var<storage, read> output: array<f32>;
@group(0) @binding(3) var<storage, read> dOutput: array<f32>;
@group(0) @binding(4) var<storage, read_write> dInput: array<f32>;

var<workgroup> partials: array<vec4f, 4 * LANES * ROWS * COLUMNS>;

/// The 4 × 4 products of the k-th numbers of four rows and four columns.
fn products(rows: vec4u, columns: vec4u, k: u32) -> mat4x4f {
  let a = vec4f(
    dInput[rows.x + k],
    dInput[rows.y + k],
    dInput[rows.z + k],
    dInput[rows.w + k],
  );
  let b = vec4f(
    transposed[columns.x + k],
    transposed[columns.y + k],
    transposed[columns.z + k],
    transposed[columns.w + k],
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
  let after = dims.dInputAt + (dims.t + 1u) * dims.B * H;
  let rows = after + H * min(row + vec4u(0, 1, 2, 3), vec4u(dims.B - 1u));
  let columns = dims.transposedAt + H * min(column + vec4u(0, 1, 2, 3), vec4u(H - 1u));
  let terms = select(0u, H, dims.t + 1u < dims.T);
  var sum = mat4x4f();
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
  let d = dOutput[dims.dOutputAt + index] + product[lane % 4u];
  let y = output[dims.outputAt + index];
  let slope = select(1.0 - y * y, select(0.0, 1.0, y > 0.0), dims.relu != 0u);
  dInput[dims.dInputAt + index] = d * slope;
}
