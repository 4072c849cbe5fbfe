/**
 * A model's weights for PyTorch.
 *
 * @module
 */

import { InputError } from "../input_error.ts";
import { CELLS } from "../model/cells.ts";
import type { ModelConfig } from "../model/config.ts";
import { toStateDict } from "../model/state_dict.ts";
import { encodeSafetensors } from "../safetensors.ts";
import type { TrainedModel } from "../training/checkpoint.ts";

/**
 * Encodes only the weights, as the bytes of a safetensors file, in float32 and under
 * the names of PyTorch's modules: `rnn` (`nn.RNN`, `nn.GRU` or `nn.LSTM`), `linear`
 * (`nn.Linear`) and, if there is a learned embedding, `embedding` (`nn.Embedding`).
 * Token ids are those of the model's vocabulary.
 *
 * @throws {RangeError} If PyTorch has no module for the model's cell.
 *
 * @example
 * ```ts
 * import { initializeParameters } from "../model/parameters.ts";
 * import { decodeSafetensors } from "../safetensors.ts";
 * import { tokenize } from "../tokenize.ts";
 * import { exportWeights } from "./export_weights.ts";
 *
 * const { vocabulary, tokenizer } = tokenize("to and fro");
 * const config = { cell: "gru", vocabularySize: 8, hiddenSize: 4, numLayers: 1 } as const;
 * const parameters = initializeParameters(config, { seed: 0 });
 * const bytes = exportWeights({ config, parameters, vocabulary, tokenizer });
 * const { tensors } = decodeSafetensors(bytes);
 * console.assert(tensors.get("rnn.weight_ih_l0")!.shape.join() === "12,8");
 * ```
 */
export function exportWeights(
  { config, parameters }: TrainedModel,
): Uint8Array {
  moduleName(config);
  const tensors = new Map(
    [...toStateDict(config, parameters)].map(([name, { shape, data }]) =>
      [name, { shape, data: Float32Array.from(data) }] as const
    ),
  );
  return encodeSafetensors({ tensors, metadata: new Map([["format", "pt"]]) });
}

/** The lines of Python that make the modules of a model and load its weights. */
export function loadingLines(config: ModelConfig, path: string): string[] {
  const { vocabularySize: V, hiddenSize: H, numLayers: L } = config;
  const E = config.embeddingSize ?? 0;
  const relu = config.activation === "relu" ? ', nonlinearity="relu"' : "";
  const modules = [
    ...(E > 0 ? [`"embedding": nn.Embedding(${V}, ${E})`] : []),
    `"rnn": nn.${moduleName(config)}(${E || V}, ${H}, ${L}${relu})`,
    `"linear": nn.Linear(${H}, ${V})`,
  ];
  return [
    "import torch.nn as nn; from safetensors.torch import load_file",
    `model = nn.ModuleDict({${modules.join(", ")}})`,
    `model.load_state_dict(load_file(${JSON.stringify(path)}))`,
  ];
}

/** What PyTorch calls the module of the model's cell; throws where it has none. */
function moduleName({ cell }: ModelConfig): string {
  const { torchName } = CELLS[cell];
  if (torchName !== undefined) return torchName;
  throw new InputError(
    `Cannot export the cell "${cell}": PyTorch does not have it`,
  );
}
