import type { ModelConfig } from "../../mod.ts";
import { grouped } from "./grouped.ts";

/** What a model is called: `rnn, 512 hidden units, 1 layer`. */
export function modelText(config: ModelConfig): string {
  const { cell, activation, hiddenSize, numLayers, embeddingSize } = config;
  return `${cell === "rnn" && activation === "relu" ? "rnn (relu)" : cell}, ` +
    `${grouped(hiddenSize)} hidden units, ` +
    `${numLayers} ${numLayers === 1 ? "layer" : "layers"}` +
    (embeddingSize ? `, embeddings of ${grouped(embeddingSize)}` : "");
}
