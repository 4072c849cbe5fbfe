// Gives
//   hyperbolicTangent(x): tanh x within 5e-7. A NaN stays one.
//
// Asks
//   nothing.

/// Drivers' own tanh is off by 1e-5, or NaN where its exp overflows. Up to 0.4 this
/// is Taylor's series (the next term is below 3e-8), as 1 − 2/(e²ˣ + 1) would cancel
/// there; beyond 15 the result is 1. A NaN is told by its bits, since min and max may
/// drop it.
fn hyperbolicTangent(x: f32) -> f32 {
  let y = x * x;
  let series = x + x * y * (-1.0 / 3.0 + y * (2.0 / 15.0 + y * (-17.0 / 315.0 +
    y * (62.0 / 2835.0 + y * (-1382.0 / 155925.0)))));
  let a = min(abs(x), 15.0);
  let exact = sign(x) * (1.0 - 2.0 / (exp(2.0 * a) + 1.0));
  let isNaN = (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
  return select(select(exact, series, abs(x) < 0.4), x, isNaN);
}
