import { MODEL_SETTINGS, type ModelConfig } from "../../mod.ts";
import { grouped } from "./grouped.ts";

/** What a model is called: `rnn, 512 hidden units, 1 layer`. */
export function modelText(config: ModelConfig): string {
  const { cell, activation, hiddenSize, numLayers, embeddingSize } = config;
  const isUsual = activation === undefined ||
    activation === MODEL_SETTINGS.activation.default;
  return `${isUsual ? cell : `${cell} (${activation})`}, ` +
    `${grouped(hiddenSize)} hidden units, ` +
    `${numLayers} ${numLayers === 1 ? "layer" : "layers"}` +
    (embeddingSize ? `, embeddings of ${grouped(embeddingSize)}` : "");
}
