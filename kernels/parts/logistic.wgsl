// Gives
//   logistic(x): 1 / (1 + exp −x) within 5e-7. A NaN stays one.
//
// Asks
//   nothing.

/// From the exp of −|x|, which cannot overflow; beyond 80 that is next to nothing. A
/// NaN is told by its bits, since min may drop it.
fn logistic(x: f32) -> f32 {
  let e = exp(-min(abs(x), 80.0));
  let isNaN = (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
  return select(select(1.0, e, x < 0.0) / (1.0 + e), x, isNaN);
}
