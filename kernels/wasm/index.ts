/**
 * The kernels of the CPU backend: what the module exports.
 *
 * An op of `lib/backend/ops.ts` is a function of its name. Its arguments are called
 * as there and come in this order:
 *
 * 1. the tensors in the order of the op's interface, as addresses in bytes; 0 for an
 *    optional one that is not given;
 * 2. the sizes that tell the tensors' shapes: `T`, `B` or `rows`, which is T · B, then
 *    `I`, `H`, `O`, `V`, `E`; or `P`; or `size`, a number of elements;
 * 3. what is no tensor, in the order of the interface: real numbers as f64, an
 *    enumeration as the number of its place in its type;
 * 4. `scratch`, the address of as many bytes as the function of the op's name and
 *    `Scratch` says for the same sizes; an op without this function takes none.
 *
 * An op that takes token ids returns the first that is not below V, or -1.
 */

export { carry, clear, copy, fill } from "./elementwise";
export { dropout } from "./dropout";
export { oneHotLinear, oneHotLinearScratch } from "./one_hot_linear";
export { applyFunction } from "./functions";
export { gru, gruBackward, gruBackwardScratch, gruScratch } from "./gru";
export { finish, finishScratch } from "./finish";
export { head, headScratch } from "./head";
export {
  linear,
  linearBackward,
  linearBackwardScratch,
  linearScratch,
} from "./linear";
export { embedding, embeddingBackward } from "./embedding";
export { lstm, lstmBackward, lstmBackwardScratch, lstmScratch } from "./lstm";
export { rnn, rnnBackward, rnnBackwardScratch, rnnScratch } from "./rnn";
export { sample, sampleScratch } from "./sample";
export { failInThread, hangInThread, nextPhase, takePieces } from "./threads";
export { weightGradients, weightGradientsScratch } from "./weight_gradients";

// Exported so that they stay functions of their own, which an engine optimizes
// while the loops that call them are still running.
export { tile } from "./tile";
