// Computes
//   One step of backpropagation through time, from the last step to the first:
//     dh = dOutput[t] + dInput[t+1] · weight
//   and from it, with i, f, g, o in gates[t] and c = cells[t-1], or initialCell at
//   the first step,
//     dc = carried + dh ⊙ o ⊙ (1 − tanh² cells[t])
//     da_i = dc ⊙ g ⊙ i ⊙ (1 − i)            da_g = dc ⊙ i ⊙ (1 − g²)
//     da_f = dc ⊙ c ⊙ f ⊙ (1 − f)            da_o = dh ⊙ tanh cells[t] ⊙ o ⊙ (1 − o)
//   dInput[t] is da_i, da_f, da_g, da_o, and carried becomes dc ⊙ f. The last step
//   has nothing after it.
//
// Bindings
//   transposed (H, 4H), a scratch tensor that holds weightᵀ, initialCell (B, H),
//   cells (T, B, H), gates (T, B, 4H), dOutput (T, B, H), dInput (T, B, 4H): bound
//   once, read at t+1 and written at t, carried (B, H), a scratch tensor.
//
// Parallel
//   As in rnn_backward.wgsl: a workgroup takes 4·ROWS rows by 4·COLUMNS units, in
//   tiles of 4 × 4. An element of the product is one unit's dh, so the same invocation
//   goes on to the unit's gates, and one dispatch a step is enough.
//
// Workgroup
//   32 × 4 × 2, as in rnn.wgsl.
//
// Reference
//   lib/backend/reference/lstm.ts, lstmBackward.

struct Dims {
  t: u32,
  T: u32,
  B: u32,
  H: u32,
  initialCellAt: u32,
  cellsAt: u32,
  gatesAt: u32,
  transposedAt: u32,
  dOutputAt: u32,
  dInputAt: u32,
  carriedAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(4) var<storage, read> initialCell: array<f32>;
@group(0) @binding(5) var<storage, read> cells: array<f32>;
@group(0) @binding(6) var<storage, read> gates: array<f32>;
@group(0) @binding(7) var<storage, read_write> carried: array<f32>;

const GATES = 4u;

fn sumsAt() -> u32 {
  return dims.dInputAt;
}

fn left(at: u32) -> f32 {
  return dInput[at];
}

fn finish(b: u32, h: u32, sum: f32) {
  let H = dims.H;
  let index = dims.t * dims.B + b;
  let dh = stateGradient(b, h, sum);
  let saved = dims.gatesAt + 4u * index * H + h;
  let i = gates[saved];
  let f = gates[saved + H];
  let g = gates[saved + 2u * H];
  let o = gates[saved + 3u * H];
  let tanhC = hyperbolicTangent(cells[dims.cellsAt + index * H + h]);
  var dc = dh * o * (1.0 - tanhC * tanhC);
  if (dims.t + 1u < dims.T) {
    dc += carried[dims.carriedAt + b * H + h];
  }
  var cell = 0f;
  if (dims.t > 0u) {
    cell = cells[dims.cellsAt + (index - dims.B) * H + h];
  } else {
    cell = initialCell[dims.initialCellAt + b * H + h];
  }
  let d = dims.dInputAt + 4u * index * H + h;
  dInput[d] = dc * g * i * (1.0 - i);
  dInput[d + H] = dc * cell * f * (1.0 - f);
  dInput[d + 2u * H] = dc * i * (1.0 - g * g);
  dInput[d + 3u * H] = dh * tanhC * o * (1.0 - o);
  carried[dims.carriedAt + b * H + h] = dc * f;
}
