// Computes
//   Backpropagation through time, from the last step to the first, one step or several in
//   a dispatch:
//     dh = dOutput[t] + carried + dSums[t+1] · weight
//   and from it, with r, z, n, m in gates[t] and h = output[t-1], or initialState
//   at the first step,
//     da_n = dh ⊙ (1 − z) ⊙ (1 − n²)         dm = da_n ⊙ r
//     da_z = dh ⊙ (h − n) ⊙ z ⊙ (1 − z)      da_r = da_n ⊙ m ⊙ r ⊙ (1 − r)
//   dInput[t] is da_r, da_z, da_n; dSums[t] is da_r, da_z, dm, the gradients by the
//   sums over h. carried becomes dh ⊙ z. The last step has nothing after it.
//
// Bindings
//   weight (3H, H), for one step weightᵀ in a scratch tensor, initialState (B, H),
//   output (T, B, H), gates (T, B, 4H), dOutput (T, B, H), dInput (T, B, 3H),
//   dSums (T, B, 3H), a scratch tensor, bound once, read at t+1 and written at t,
//   carried (B, H), a scratch tensor.
//
// Parallel
//   As in rnn_backward.wgsl, with units for columns. An element of the product is one
//   unit's dh, so the same invocation goes on to the unit's gates, and one dispatch is
//   enough.
//
// Workgroup
//   One step, 32 × 4 × 2, a sequence, 8 × 32, as in rnn.wgsl.
//
// Reference
//   lib/backend/reference/gru.ts, gruBackward.

struct Dims {
  t: u32,
  T: u32,
  B: u32,
  H: u32,
  initialStateAt: u32,
  outputAt: u32,
  gatesAt: u32,
  weightAt: u32,
  dOutputAt: u32,
  dInputAt: u32,
  dSumsAt: u32,
  carriedAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(4) var<storage, read> initialState: array<f32>;
@group(0) @binding(5) var<storage, read> output: array<f32>;
@group(0) @binding(6) var<storage, read> gates: array<f32>;
@group(0) @binding(7) var<storage, read_write> dSums: array<f32>;
@group(0) @binding(8) var<storage, read_write> carried: array<f32>;

const GATES = 3u;
alias Gates = vec3f;
alias FourUnits = mat4x3f;

fn sumsAt() -> u32 {
  return dims.dSumsAt;
}

fn left(at: u32) -> f32 {
  return dSums[at];
}

fn backpropagate(t: u32, b: u32, h: u32, dState: f32) -> Gates {
  let H = dims.H;
  let index = t * dims.B + b;
  var dh = dState;
  if (t + 1u < dims.T) {
    dh += carried[dims.carriedAt + b * H + h];
  }
  var state = 0f;
  if (t > 0u) {
    state = output[dims.outputAt + (index - dims.B) * H + h];
  } else {
    state = initialState[dims.initialStateAt + b * H + h];
  }
  let saved = dims.gatesAt + 4u * index * H + h;
  let r = gates[saved];
  let z = gates[saved + H];
  let n = gates[saved + 2u * H];
  let m = gates[saved + 3u * H];
  let dn = dh * (1.0 - z) * (1.0 - n * n);
  let dz = dh * (state - n) * z * (1.0 - z);
  let dr = dn * m * r * (1.0 - r);
  let d = dims.dInputAt + 3u * index * H + h;
  dInput[d] = dr;
  dInput[d + H] = dz;
  dInput[d + 2u * H] = dn;
  let sums = dims.dSumsAt + 3u * index * H + h;
  dSums[sums] = dr;
  dSums[sums + H] = dz;
  dSums[sums + 2u * H] = dn * r;
  carried[dims.carriedAt + b * H + h] = dh * z;
  return Gates(dr, dz, dn * r);
}
