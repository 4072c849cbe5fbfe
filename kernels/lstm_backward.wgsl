// Computes
//   Backpropagation through time, from the last step to the first, one step or several in
//   a dispatch:
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
//   weight (4H, H), for one step weightᵀ in a scratch tensor, initialCell (B, H),
//   cells (T, B, H), gates (T, B, 4H), dOutput (T, B, H), dInput (T, B, 4H): bound
//   once, read at t+1 and written at t, carried (B, H), a scratch tensor.
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
//   lib/backend/reference/lstm.ts, lstmBackward.

struct Dims {
  t: u32,
  T: u32,
  B: u32,
  H: u32,
  initialCellAt: u32,
  cellsAt: u32,
  gatesAt: u32,
  weightAt: u32,
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
alias Gates = vec4f;
alias FourUnits = mat4x4f;

fn sumsAt() -> u32 {
  return dims.dInputAt;
}

fn left(at: u32) -> f32 {
  return dInput[at];
}

fn backpropagate(t: u32, b: u32, h: u32, dh: f32) -> Gates {
  let H = dims.H;
  let index = t * dims.B + b;
  let saved = dims.gatesAt + 4u * index * H + h;
  let i = gates[saved];
  let f = gates[saved + H];
  let g = gates[saved + 2u * H];
  let o = gates[saved + 3u * H];
  let tanhC = hyperbolicTangent(cells[dims.cellsAt + index * H + h]);
  var dc = dh * o * (1.0 - tanhC * tanhC);
  if (t + 1u < dims.T) {
    dc += carried[dims.carriedAt + b * H + h];
  }
  var cell = 0f;
  if (t > 0u) {
    cell = cells[dims.cellsAt + (index - dims.B) * H + h];
  } else {
    cell = initialCell[dims.initialCellAt + b * H + h];
  }
  let d = dims.dInputAt + 4u * index * H + h;
  carried[dims.carriedAt + b * H + h] = dc * f;
  let da = Gates(
    dc * g * i * (1.0 - i),
    dc * cell * f * (1.0 - f),
    dc * i * (1.0 - g * g),
    dh * tanhC * o * (1.0 - o),
  );
  dInput[d] = da.x;
  dInput[d + H] = da.y;
  dInput[d + 2u * H] = da.z;
  dInput[d + 3u * H] = da.w;
  return da;
}
