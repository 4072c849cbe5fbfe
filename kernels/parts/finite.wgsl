// Gives
//   isFinite(x): whether x is neither infinite nor NaN.
//
// Asks
//   nothing.

/// By its bits, since a compiler may assume that all numbers are finite.
fn isFinite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}
