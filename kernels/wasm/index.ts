/**
 * The kernels of the CPU backend: what the module exports, as
 * `lib/backend/wasm/kernels.ts` types it.
 */

export { carry, clear, copy, fill } from "./elementwise";
export { dropout } from "./dropout";
export { oneHotLinear, oneHotLinearBackward } from "./one_hot_linear";
export { applyFunction } from "./functions";
export { globalNorm, update } from "./gradient_descent";
export { gru, gruBackward } from "./gru";
export { linear, linearBackward } from "./linear";
export { embedding, embeddingBackward } from "./embedding";
export { lstm, lstmBackward } from "./lstm";
export { rnn, rnnBackward } from "./rnn";
export { sample } from "./sample";
export { softmaxCrossEntropy } from "./softmax_cross_entropy";
export { failInThread, hangInThread, nextPhase, takeTasks } from "./threads";

// Exported so that they stay functions of their own, which an engine optimizes
// while the loops that call them are still running.
export { tile } from "./tile";
