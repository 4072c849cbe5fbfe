import type { ModelConfig } from "../model/config.ts";
import { UNKNOWN } from "../text/vocabulary.ts";
import type { TrainedModel } from "../training/checkpoint.ts";

/** How far below the least bias of the others that of a new `<unk>` lies. */
const FAR_BELOW = 50;

/**
 * The same model with `<unk>` as the first token: it is moved there or, where there is
 * none, added. Nothing else about the others changes.
 *
 * @param tokens The tokens in the order of the parameters' rows.
 */
export function unknownFirst(
  config: ModelConfig,
  parameters: ReadonlyMap<string, Float32Array>,
  tokens: readonly string[],
): Pick<TrainedModel, "config" | "parameters" | "vocabulary"> {
  const { hiddenSize: H, embeddingSize: E = 0 } = config;
  const V = tokens.length;
  const unknown = tokens.indexOf(UNKNOWN);
  // The old id of each token; -1 where it has none.
  const order = [
    unknown,
    ...[...tokens.keys()].filter((id) => id !== unknown),
  ];
  /** Entries `size` long, each in the place of its token; zeros for a new one. */
  const rows = (values: Float32Array, size: number) => {
    const moved = new Float32Array(order.length * size);
    order.forEach((old, id) => {
      if (old < 0) return;
      moved.set(values.subarray(old * size, (old + 1) * size), id * size);
    });
    return moved;
  };
  /** The same for the columns of a matrix `(…, V)`. */
  const columns = (values: Float32Array) =>
    Float32Array.from(
      { length: values.length / V * order.length },
      (_, i) => {
        const old = order[i % order.length];
        return old < 0 ? 0 : values[Math.floor(i / order.length) * V + old];
      },
    );
  const get = (name: string) => parameters.get(name)!;
  const changed = new Map(parameters);
  if (E > 0) changed.set("embedding.weight", rows(get("embedding.weight"), E));
  else changed.set("rnn.weight_ih_l0", columns(get("rnn.weight_ih_l0")));
  changed.set("linear.weight", rows(get("linear.weight"), H));
  const bias = rows(get("linear.bias"), 1);
  if (unknown < 0) {
    bias[0] = bias.subarray(1).reduce((a, b) => Math.min(a, b)) - FAR_BELOW;
  }
  changed.set("linear.bias", bias);
  return {
    config: { ...config, vocabularySize: order.length },
    parameters: changed,
    vocabulary: {
      tokens: order.map((old) => tokens[old] ?? UNKNOWN),
      counts: order.map(() => 0), // not known
    },
  };
}
