// Gives
//   main(): up to STEPS steps in a dispatch, from dims.t on. A workgroup takes ROWS rows of
//   the batch through them, as they are independent of the other rows. The state lies in
//   workgroup memory, so a step waits for no other workgroup. fours(place, k) and SUMS,
//   which matmul_rows.wgsl asks for. right(at): a number of the weight.
//   The binding weight (GH, H), in fours.
//
// Asks
//   advance(t: u32, b: u32, h: u32, sums: Gates) -> f32, a cell's step, which gives the
//   unit's new state; one_gate.wgsl, or gates.wgsl and what it asks for; dims.t, dims.T,
//   dims.B, dims.H, dims.weightAt and dims.outputAt, all u32; recurrent_forward.wgsl,
//   matmul_rows.wgsl. dims.H is a multiple of 4, and dims.weightAt too; ROWS · dims.H is
//   CAPACITY at the most.

/// Half of memory: in the other lie the states before and after a step.
const SUMS = 512u;

@group(0) @binding(2) var<storage, read> weight: array<vec4f>;

fn right(at: u32) -> f32 {
  return weight[at / 4u][at % 4u];
}

/// `place` is the first of the weight's four rows.
fn fours(place: u32, k: u32) -> mat4x4f {
  let terms = dims.H / 4u;
  let at = place + k;
  return transpose(
    mat4x4f(weight[at], weight[at + terms], weight[at + 2u * terms], weight[at + 3u * terms]),
  );
}

/// Where four sums of a lane lie, [row][lane][quad], behind both states. The quads are
/// exchanged so that neither lanes nor quads meet in one bank of the memory.
fn partialAt(row: u32, lane: u32, quad: u32) -> u32 {
  return SUMS + (row * LANES + lane) * QUADS + (quad ^ lane);
}

/// The sums of all lanes.
fn sumOf(row: u32, quad: u32) -> vec4f {
  return ((memory[partialAt(row, 0u, quad)] + memory[partialAt(row, 1u, quad)]) +
    (memory[partialAt(row, 2u, quad)] + memory[partialAt(row, 3u, quad)])) +
    ((memory[partialAt(row, 4u, quad)] + memory[partialAt(row, 5u, quad)]) +
    (memory[partialAt(row, 6u, quad)] + memory[partialAt(row, 7u, quad)]));
}

/// The next state of four units of a row.
fn advanceFour(t: u32, b: u32, h: u32, sums: FourUnits) -> vec4f {
  let state = vec4f(
    advance(t, b, h, sums[0]),
    advance(t, b, h + 1u, sums[1]),
    advance(t, b, h + 2u, sums[2]),
    advance(t, b, h + 3u, sums[3]),
  );
  let at = dims.outputAt + (t * dims.B + b) * dims.H + h;
  output[at] = state.x;
  output[at + 1u] = state.y;
  output[at + 2u] = state.z;
  output[at + 3u] = state.w;
  return state;
}

/// The state of the workgroup's rows before step `t`, [row][quad].
fn loadState(t: u32, first: u32, invocation: u32) {
  let quads = dims.H / 4u;
  for (var at = invocation; at < ROWS * quads; at += LANES * QUADS) {
    let b = min(first + at / quads, dims.B - 1u);
    let h = 4u * (at % quads);
    memory[at] = vec4f(
      previousState(t, b, h),
      previousState(t, b, h + 1u),
      previousState(t, b, h + 2u),
      previousState(t, b, h + 3u),
    );
  }
}

@compute @workgroup_size(LANES, QUADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) invocation: u32,
) {
  let quads = dims.H / 4u;
  let b = group.x * SHARE_X + invocation / QUADS;
  loadState(dims.t, group.x * SHARE_X, invocation);
  workgroupBarrier();
  var before = 0u; // where the state before the step lies
  for (var t = dims.t; t < min(dims.t + STEPS, dims.T); t++) {
    let after = ROWS * quads - before;
    for (var first = 0u; first < quads; first += QUADS) {
      // What is outside is computed from the last units, and nothing becomes of it.
      let column = min(first + local.y, quads - 1u);
      let quad = first + invocation % QUADS;
      var sums = FourUnits();
      for (var gate = 0u; gate < GATES; gate++) {
        let place = dims.weightAt / 4u + (gate * dims.H + 4u * column) * quads;
        let partial = sumSlice(before, quads, local.x, LANES, place);
        memory[partialAt(0u, local.x, local.y)] = partial[0];
        if (ROWS > 1u) {
          memory[partialAt(1u, local.x, local.y)] = partial[1];
        }
        if (ROWS > 2u) {
          memory[partialAt(2u, local.x, local.y)] = partial[2];
          memory[partialAt(3u, local.x, local.y)] = partial[3];
        }
        workgroupBarrier();
        if (invocation < ROWS * QUADS) {
          sums = withGate(sums, gate, sumOf(invocation / QUADS, invocation % QUADS));
        }
        workgroupBarrier();
      }
      if (invocation < ROWS * QUADS && b < dims.B && quad < quads) {
        let at = after + invocation / QUADS * quads + quad;
        memory[at] = advanceFour(t, b, 4u * quad, sums);
      }
    }
    workgroupBarrier();
    before = after;
  }
}
