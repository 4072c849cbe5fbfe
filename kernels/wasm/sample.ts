/** `tokens[b] = argmax_v logits[b,v]`, of equals the lowest id. */
export function sample(
  logits: usize, // (B, V)
  tokens: usize, // (B) u32
  B: usize,
  V: usize,
): void {
  for (let b: usize = 0; b < B; b++) {
    let best: u32 = 0;
    let greatest = load<f32>(logits);
    for (let v: usize = 1; v < V; v++) {
      const logit = load<f32>(logits + (v << 2));
      if (logit > greatest) {
        greatest = logit;
        best = <u32> v;
      }
    }
    store<u32>(tokens + (b << 2), best);
    logits += V << 2;
  }
}
