// Computes
//   What sample.wgsl leaves out of ops.sample: each row's token where some were seen
//   or one is drawn, and log softmax(logits) of it. No logit is divided by the
//   temperature before the weights exp((z − max) / temperature), so the order that
//   top-k and top-p go by is exact.
//
// Bindings
//   logits (B, V), tokens (B) u32, uniforms (B), read only where isDrawn is not
//   zero, seen (B, V) u32, only where hasSeen is not, logProbabilities (B), only
//   where hasLogProbabilities is not.
//
// Parallel
//   A workgroup takes one row. Nothing is sorted: the least logit that is kept is the
//   greatest of all floats from which on enough tokens or weight lie, and it is
//   found two bits at a time, in sixteen walks over the row. For the draw each
//   invocation has a run of neighbouring ids, whose sums are added up in their
//   order. Other sums meet as a tree.
//
// Workgroup
//   256: the most that every device has, for the many walks over a vocabulary of
//   words.
//
// Reference
//   lib/backend/reference/sample.ts.

override SIZE: u32 = 256; // a power of two

struct Dims {
  V: u32,
  firstId: u32,
  isDrawn: u32,
  hasSeen: u32,
  hasLogProbabilities: u32,
  temperature: f32,
  topK: u32,
  topP: f32,
  repetitionPenalty: f32,
  logitsAt: u32,
  tokensAt: u32,
  uniformsAt: u32,
  seenAt: u32,
  logProbabilitiesAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(3) var<storage, read> uniforms: array<f32>;
@group(0) @binding(4) var<storage, read_write> seen: array<u32>;
@group(0) @binding(5) var<storage, read_write> logProbabilities: array<f32>;

alias Sum = vec3f;

/// The weight of each invocation's run of ids.
var<workgroup> weights: array<f32, SIZE>;
/// Of each run the first id at which what is drawn is exceeded, and the last one kept,
/// counted from the end.
var<workgroup> ends: array<vec2u, SIZE>;

/// exp(x) of an x up to 0, within 2 units in the last place: drivers' own may be off
/// by 3 + 2 |x| of them. x = n log 2 + r, and log 2 comes in two parts, so that
/// the first product is exact. Source: Cephes, expf.
fn exponential(x: f32) -> f32 {
  let a = max(x, -87.0); // less would be denormal
  let n = round(a * 1.44269504);
  let r = (a - n * 0.693359375) + n * 2.12194440e-4;
  let series = ((((1.9875691500e-4 * r + 1.3981999507e-3) * r + 8.3334519073e-3) * r +
    4.1665795894e-2) * r + 1.6666665459e-1) * r + 5.0000001201e-1;
  let power = bitcast<f32>(u32(i32(n) + 127) << 23u); // 2ⁿ
  return select((series * r * r + r + 1.0) * power, 0.0, x < -87.0);
}

/// log(x) of an x from 1 on: drivers' own may be off by 5e-7 near 1. With x = 2ᵉ m and
/// m from √½ to √2 it is e log 2 + 2 artanh((m − 1) / (m + 1)); the next term of that
/// one's series is below 2e-9 of the first.
fn logarithm(x: f32) -> f32 {
  let shifted = bitcast<u32>(x) - 0x3f3504f3u; // less the bits of √½
  let e = f32(i32(shifted) >> 23u);
  let m = bitcast<f32>((shifted & 0x7fffffu) + 0x3f3504f3u);
  let s = (m - 1.0) / (m + 1.0);
  let y = s * s;
  let series = 2.0 * s * (1.0 + y * (1.0 / 3.0 + y * (1.0 / 5.0 + y * (1.0 / 7.0 + y / 9.0))));
  return e * 0.693359375 + (series - e * 2.12194440e-4);
}

/// A number with the order of the floats, zeros being equal.
fn keyOf(z: f32) -> u32 {
  let bits = bitcast<u32>(select(z, 0.0, z == 0.0));
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

/// How many tokens may be chosen: those from firstId on. They are counted from 0 on
/// everywhere below, so that token v has the id firstId + v.
fn count() -> u32 {
  return dims.V - dims.firstId;
}

/// Where token v of row b stands in a tensor (B, V).
fn placeOf(b: u32, v: u32) -> u32 {
  return b * dims.V + dims.firstId + v;
}

fn logitOf(b: u32, v: u32) -> f32 {
  return bounded(logits[dims.logitsAt + placeOf(b, v)]);
}

/// The logit, moved towards less likely where the token was seen.
fn penalized(b: u32, v: u32) -> f32 {
  let z = logitOf(b, v);
  if (dims.hasSeen == 0u || seen[dims.seenAt + placeOf(b, v)] == 0u) {
    return z;
  }
  return bounded(select(z * dims.repetitionPenalty, z / dims.repetitionPenalty, z > 0.0));
}

fn weightOf(z: f32, greatest: f32) -> f32 {
  return exponential((z - greatest) / dims.temperature);
}

/// Of all keys the greatest from which on the tokens, or where not `counting` their
/// weights, add up to `wanted` or more. A sum of fewer terms in the same order is
/// never greater, so this is a search in a sorted list.
fn search(lane: u32, b: u32, greatest: f32, wanted: f32, counting: bool) -> u32 {
  var found = 0u;
  for (var round = 0u; round < 16u; round++) {
    let unit = 1u << (30u - 2u * round);
    let levels = found + unit * vec3u(1, 2, 3);
    var sum = vec3f();
    for (var v = lane; v < count(); v += SIZE) {
      let z = penalized(b, v);
      var weight = 1f;
      if (!counting) {
        weight = weightOf(z, greatest);
      }
      sum += select(vec3f(), vec3f(weight), vec3u(keyOf(z)) >= levels);
    }
    let reached = select(vec3u(), vec3u(1), workgroupSum(lane, sum) >= vec3f(wanted));
    found += unit * (reached.x + reached.y + reached.z);
  }
  return found;
}

/// A token drawn from those that top-k and top-p leave.
fn draw(lane: u32, b: u32, greatest: f32) -> u32 {
  var least = 0u;
  if (dims.topK > 0u) {
    least = search(lane, b, greatest, f32(dims.topK), true);
  }
  if (dims.topP < 1.0) {
    var sum = 0f;
    for (var v = lane; v < count(); v += SIZE) {
      let z = penalized(b, v);
      sum += select(0.0, weightOf(z, greatest), keyOf(z) >= least);
    }
    let wanted = dims.topP * workgroupSum(lane, vec3f(sum)).x;
    let found = search(lane, b, greatest, wanted, false);
    // Whatever rounding does, the greatest is kept and none that top-k has not.
    least = max(least, min(found, keyOf(greatest)));
  }

  let run = (count() + SIZE - 1u) / SIZE;
  let begin = lane * run;
  let end = min(begin + run, count());
  var weight = 0f;
  for (var v = begin; v < end; v++) {
    let z = penalized(b, v);
    weight += select(0.0, weightOf(z, greatest), keyOf(z) >= least);
  }
  weights[lane] = weight;
  workgroupBarrier();
  var sum = 0f; // of all before this run
  var whole = 0f;
  for (var i = 0u; i < SIZE; i++) {
    sum = select(sum, whole, i == lane);
    whole += weights[i];
  }
  let wanted = uniforms[dims.uniformsAt + b] * whole;
  var found = count(); // the first at which the sum exceeds that
  var last = 0u; // one more than the last that is kept
  for (var v = begin; v < end; v++) {
    let z = penalized(b, v);
    let weight = select(0.0, weightOf(z, greatest), keyOf(z) >= least);
    sum += weight;
    found = select(found, min(found, v), weight > 0.0 && sum > wanted);
    last = select(last, v + 1u, weight > 0.0);
  }
  // The first of all runs' first, and the last of their last.
  ends[lane] = vec2u(found, count() - last);
  workgroupBarrier();
  for (var half = SIZE / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      ends[lane] = min(ends[lane], ends[lane + half]);
    }
    workgroupBarrier();
  }
  // Rounding may leave the sum just below the whole.
  return select(ends[0].x, count() - ends[0].y - 1u, ends[0].x == count());
}

/// log Σ exp(logits) less the greatest logit.
fn logSum(lane: u32, b: u32, greatest: f32) -> f32 {
  var sum = 0f;
  for (var v = lane; v < count(); v += SIZE) {
    sum += exponential(logitOf(b, v) - greatest);
  }
  return logarithm(workgroupSum(lane, vec3f(sum)).x);
}

@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let b = group.x;
  // A lane without a logit repeats the first one, which changes no choice.
  let begin = select(0u, lane, lane < count());
  var best = begin;
  var greatest = penalized(b, begin);
  for (var v = lane + SIZE; v < count(); v += SIZE) {
    let z = penalized(b, v);
    if (z > greatest) {
      best = v;
      greatest = z;
    }
  }
  let likeliest = workgroupGreatest(lane, greatest, best);
  var token = likeliest.id;
  if (dims.isDrawn != 0u) {
    token = draw(lane, b, likeliest.value);
    workgroupBarrier();
  }

  if (dims.hasLogProbabilities != 0u) {
    greatest = logitOf(b, begin);
    for (var v = lane + SIZE; v < count(); v += SIZE) {
      greatest = max(greatest, logitOf(b, v));
    }
    greatest = workgroupGreatest(lane, greatest, 0u).value;
    let difference = logitOf(b, token) - greatest;
    let logWhole = logSum(lane, b, greatest);
    if (lane == 0u) {
      logProbabilities[dims.logProbabilitiesAt + b] = difference - logWhole;
    }
  }

  storageBarrier(); // all have read what was seen
  if (lane == 0u) {
    tokens[dims.tokensAt + b] = dims.firstId + token;
    if (dims.hasSeen != 0u) {
      seen[dims.seenAt + placeOf(b, token)] = 1u;
    }
  }
}
