/**
 * Work shared among threads.
 *
 * An op is a few phases, a phase is a number of pieces, and every thread takes the
 * next piece until none is left. Which thread does a piece never shows in a result:
 * pieces write apart from each other, and no sum is split between pieces of a number
 * that depends on the threads. The calling thread works too, so a thread that the
 * system lets wait for a processor only holds up the one piece that it has begun.
 */

import {
  CALLER_MAY_WAIT,
  CALLER_WAITS,
  DONE,
  EPOCH,
  FAILED,
  FIRST_PIECE,
  PIECE,
  SILENT,
  SLEEPERS,
  STOP,
  THREADS,
  TICKET,
} from "./control";

/**
 * Looks at a word before a thread gives up its processor, about 0.2 ms of them:
 * longer than what an op does on the calling thread alone, since a
 * thread that is woken may take a while to get a processor again.
 */
const SPINS: i32 = 150_000;

/** Longest wait, in nanoseconds, before a thread looks round again: a turn. */
const TURN: i64 = 100_000_000;

/** A turn in spins, where a thread may not wait: about as long. */
const TURN_SPINS: i32 = 500 * SPINS;

/**
 * Turns in which no piece of a phase ends until the calling thread gives the others up,
 * beside those of the pieces' work: a minute. A thread that a system has ended cannot
 * say so, and to wait for it would be to wait for ever.
 */
const PATIENCE: f64 = 600;

/** Work that even a slow processor with much else to do does in a turn. */
const LEAST_WORK_OF_TURN: f64 = 1_000_000;

/**
 * Least work in a phase, in multiplications and additions of a product, for which
 * other threads are called on: about 10 µs of one. Below it, what their caches have
 * to fetch, and waking them where they sleep, costs more than they save.
 */
const LEAST_SHARED_WORK: f64 = 400_000;

/** Work of moving or adding one element, which is bound by the memory. */
export const MOVE: f64 = 8;

/** Does one piece of a phase: which one, and the thread's number, 0 for the calling one. */
type Piece = (piece: usize, thread: usize) => void;

/** Runs `count` pieces, on all threads if `work` operations are worth it. */
export function runPhase(does: Piece, count: usize, work: f64): void {
  if (load<i32>(FAILED)) return;
  if (count == 1 || load<i32>(THREADS) == 1 || work < LEAST_SHARED_WORK) {
    for (let piece: usize = 0; piece < count; piece++) does(piece, 0);
    return;
  }
  // A ticket counts up to 65,535 pieces.
  const stride: usize = 32_768;
  const turns = patience + work / <f64> count / LEAST_WORK_OF_TURN;
  for (let first: usize = 0; first < count; first += stride) {
    const left = count - first;
    share(does, first, left < stride ? left : stride, turns);
  }
}

let phase: i32 = 0;
let patience: f64 = PATIENCE;

function share(does: Piece, first: usize, count: usize, turns: f64): void {
  phase = (phase + 1) & 0x7fffffff;
  store<u32>(PIECE, does.index);
  store<u32>(FIRST_PIECE, first);
  atomic.store<i32>(DONE, 0);
  atomic.store<i64>(TICKET, (<i64> phase << 32) | (<i64> count << 16));
  atomic.store<i32>(EPOCH, phase);
  if (atomic.load<i32>(SLEEPERS) > 0) atomic.notify(EPOCH, -1);
  takePieces(phase, 0);
  waitForOthers(<i32> count, turns);
}

/**
 * Does pieces of one phase until none is left. A ticket of another phase is left
 * alone: the memory may have grown since, which a thread sees on its next call.
 */
export function takePieces(epoch: i32, thread: usize): void {
  while (true) {
    const ticket = atomic.load<i64>(TICKET);
    if (<i32> (ticket >> 32) != epoch) return;
    const piece = <usize> (ticket & 0xffff);
    const count = <usize> ((ticket >> 16) & 0xffff);
    if (piece >= count) return;
    if (atomic.cmpxchg<i64>(TICKET, ticket, ticket + 1) != ticket) continue;
    const index = load<usize>(FIRST_PIECE) + piece;
    call_indirect<void>(load<u32>(PIECE), index, thread);
    if (atomic.add<i32>(DONE, 1) + 1 == <i32> count) {
      if (atomic.load<i32>(CALLER_WAITS)) atomic.notify(DONE, 1);
    }
  }
}

/** Waits until `count` pieces are done; fails if none is for so many turns. */
function waitForOthers(count: i32, most: f64): void {
  let spins = 0, before = -1;
  let turns: f64 = 0;
  while (true) {
    const done = atomic.load<i32>(DONE);
    if (done == count || atomic.load<i32>(FAILED)) return;
    if (done != before) turns = 0;
    before = done;
    if (!load<i32>(CALLER_MAY_WAIT)) {
      if (++spins < TURN_SPINS) continue;
      spins = 0;
    } else {
      if (spins < SPINS) {
        spins++;
        continue;
      }
      atomic.store<i32>(CALLER_WAITS, 1);
      atomic.wait<i32>(DONE, done, TURN);
      atomic.store<i32>(CALLER_WAITS, 0);
    }
    if (++turns > most) atomic.store<i32>(FAILED, SILENT);
  }
}

/**
 * Waits for the phase after `epoch`.
 *
 * @returns Its number, or -1 when the threads are to end.
 */
export function nextPhase(epoch: i32): i32 {
  for (let spins = 0; spins < SPINS; spins++) {
    const now = atomic.load<i32>(EPOCH);
    if (now != epoch) return atomic.load<i32>(STOP) ? -1 : now;
  }
  atomic.add<i32>(SLEEPERS, 1);
  while (atomic.load<i32>(EPOCH) == epoch) {
    atomic.wait<i32>(EPOCH, epoch, -1);
  }
  atomic.sub<i32>(SLEEPERS, 1);
  return atomic.load<i32>(STOP) ? -1 : atomic.load<i32>(EPOCH);
}

/** For the tests: a piece that fails on every thread but the calling one. */
export function failInThread(): void {
  runPhase(failPiece, 2, Infinity);
}

function failPiece(_piece: usize, thread: usize): void {
  if (thread) unreachable();
  // Leaves the other piece to another thread, for a few seconds at the most.
  for (let spins = 0; spins < 1_000_000_000; spins++) {
    if (atomic.load<i32>(FAILED)) return;
  }
}

/** For the tests: a piece that ends on no thread but the calling one, for a few turns. */
export function hangInThread(turns: f64): void {
  patience = turns;
  runPhase(hangPiece, 2, LEAST_SHARED_WORK);
}

function hangPiece(_piece: usize, thread: usize): void {
  if (thread) {
    while (!atomic.load<i32>(FAILED));
    return;
  }
  // Leaves the other piece to another thread, for a few seconds at the most.
  for (let spins = 0; spins < 1_000_000_000; spins++) {
    if ((atomic.load<i64>(TICKET) & 0xffff) == 2) return;
  }
}
