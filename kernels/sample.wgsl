// Computes
//   tokens[b] = argmax_v logits[b, v] of the v from firstId on, of equals the lowest.
//
// Bindings
//   logits (B, V), tokens (B) u32.
//
// Parallel
//   A workgroup takes one row. Invocation l looks at the logits l, l + SIZE, …, and the
//   best ones meet as a tree (parts/workgroup_greatest.wgsl).
//
// Workgroup
//   64: enough for a vocabulary of words, and little to meet for one of
//   characters.
//
// Reference
//   lib/backend/reference/sample.ts.

override SIZE: u32 = 64; // a power of two

struct Dims {
  V: u32,
  firstId: u32,
  logitsAt: u32,
  tokensAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read_write> tokens: array<u32>;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let count = dims.V - dims.firstId;
  let row = dims.logitsAt + group.x * dims.V + dims.firstId;
  // A lane without a logit repeats the first one, which changes no choice.
  var best = select(0u, lane, lane < count);
  var greatest = bounded(logits[row + best]);
  for (var v = lane + SIZE; v < count; v += SIZE) {
    let value = bounded(logits[row + v]);
    if (value > greatest) {
      best = v;
      greatest = value;
    }
  }
  let id = workgroupGreatest(lane, greatest, best).id;
  if (lane == 0u) {
    tokens[dims.tokensAt + group.x] = dims.firstId + id;
  }
}
