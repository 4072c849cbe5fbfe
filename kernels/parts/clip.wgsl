// Gives
//   clipOf(norm): how gradients of this norm, which is finite, are clipped;
//   clipped(gradient, clip): clamp(min(1, clipNorm / norm) · gradient, ±clipValue).
//   clipNorm = 0 clips by no norm.
//
// Asks
//   dims.clipNorm and dims.clipValue, both f32.

/// The factor clipNorm / norm as two, since their quotient below 2⁻¹²⁶ may come to 0.
struct Clip {
  shrink: f32,
  scale: f32,
}

fn clipOf(norm: f32) -> Clip {
  var clip = Clip(1.0, 1.0);
  if (dims.clipNorm > 0.0 && norm > dims.clipNorm) {
    clip.shrink = select(1.0, 0x1p-64f, norm >= 0x1p64f);
    clip.scale = dims.clipNorm / (clip.shrink * norm);
  }
  return clip;
}

fn clipped(gradient: f32, clip: Clip) -> f32 {
  let scaled = clip.scale * (clip.shrink * gradient);
  return clamp(scaled, -dims.clipValue, dims.clipValue);
}
