// Gives
//   bounded(x): x where it is finite, the greatest number there is for infinity, and
//   the least for −∞ and NaN.
//
// Asks
//   nothing.

/// By its bits, since a compiler may assume that all numbers are finite.
fn bounded(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let greatest = 0x1.fffffep+127f;
  let bound = select(-greatest, greatest, bits == 0x7f800000u);
  return select(x, bound, (bits & 0x7f800000u) == 0x7f800000u);
}
