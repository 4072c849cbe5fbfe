/** Every kind of task, by the file that does it. */

import { dropoutTask } from "./dropout";
import { oneHotLinearBackwardTask } from "./one_hot_linear";
import { squaresTask, updateTask } from "./gradient_descent";
import { gruBackwardTask, gruTask } from "./gru";
import { columnSumsTask } from "./linear";
import { clearTask, gatherTask, scatterTask } from "./embedding";
import { lstmBackwardTask, lstmTask } from "./lstm";
import { packTask, productTask } from "./product";
import { rnnBackwardTask, rnnTask } from "./rnn";
import { rowTimesMatrixTask } from "./rows";
import { sampleTask } from "./sample";
import { softmaxCrossEntropyTask } from "./softmax_cross_entropy";
import { failTask, hangTask } from "./threads";

export const enum Task {
  Pack,
  Product,
  ColumnSums,
  RowTimesMatrix,
  Rnn,
  RnnBackward,
  Gru,
  GruBackward,
  Lstm,
  LstmBackward,
  Gather,
  Clear,
  Scatter,
  OneHotLinearBackward,
  Dropout,
  SoftmaxCrossEntropy,
  Squares,
  Update,
  Sample,
  Fail,
  Hang,
}

/** Does one task of the phase in hand. */
export function runTask(kind: i32, task: usize, thread: usize): void {
  switch (kind) {
    case Task.Pack:
      return packTask(task);
    case Task.Product:
      return productTask(task, thread);
    case Task.ColumnSums:
      return columnSumsTask(task);
    case Task.RowTimesMatrix:
      return rowTimesMatrixTask(task);
    case Task.Rnn:
      return rnnTask(task, thread);
    case Task.RnnBackward:
      return rnnBackwardTask(task, thread);
    case Task.Gru:
      return gruTask(task, thread);
    case Task.GruBackward:
      return gruBackwardTask(task, thread);
    case Task.Lstm:
      return lstmTask(task, thread);
    case Task.LstmBackward:
      return lstmBackwardTask(task, thread);
    case Task.Gather:
      return gatherTask(task);
    case Task.Clear:
      return clearTask(task);
    case Task.Scatter:
      return scatterTask(task);
    case Task.OneHotLinearBackward:
      return oneHotLinearBackwardTask(task);
    case Task.Dropout:
      return dropoutTask(task);
    case Task.SoftmaxCrossEntropy:
      return softmaxCrossEntropyTask(task);
    case Task.Squares:
      return squaresTask(task);
    case Task.Update:
      return updateTask(task);
    case Task.Sample:
      return sampleTask(task);
    case Task.Fail:
      return failTask(thread);
    case Task.Hang:
      return hangTask(thread);
    default:
      unreachable();
  }
}
