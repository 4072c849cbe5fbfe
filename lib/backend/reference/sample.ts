import type { Floats } from "./floats.ts";

/** `tokens[b] = argmax_v logits[b,v]`, of equals the lowest id. Source: d2l 8.5.3. */
export function sample(
  { B, V }: { B: number; V: number },
  logits: Floats, // (B, V)
  tokens: Uint32Array, // (B)
): void {
  for (let b = 0; b < B; b++) {
    let best = 0;
    for (let v = 1; v < V; v++) {
      if (logits[b * V + v] > logits[b * V + best]) best = v;
    }
    tokens[b] = best;
  }
}
