// How the threads of a backend keep step. A thread that waits spins first, because a sleeper takes microseconds to wake,
// and then sleeps, because with more threads than processors a spinner keeps the others from working.
//
// Spinning adapts. Waking a sleeper can take longer than the operation that is waited for, and a thread that wakes late
// makes the others sleep at the next barrier: with a processor for each thread it pays to spin for longer than any
// operation may differ between threads. Where others use the processors, spins fail, and each failure halves the next; every
// 1024th sleep is followed by a full spin, by which threads find back into step once there is a processor for each again.
// With more threads than processors nobody ever spins.
//
// With as many threads as processors, what the host does between two lists it does in place of a thread. So one of them then
// sleeps at once: else the host waits for a processor, some milliseconds now and then, while every thread waits for the host.

import { BARRIER_COUNT, BARRIER_GENERATION, BARRIER_SLEEPERS, SUBMITTED, SUBMITTED_SLEEPERS } from '../memory-map';

const LEAST_SPINS: i32 = 500;
// About 1 ms: longer than a scheduler takes to find two threads two processors. With less they can stay on one, each
// asleep while the other works.
const MOST_SPINS: i32 = 2000000;
/** Between two lists, about 1.5 ms: the next token comes by then, and finds the threads awake on processors of their own. */
const IDLE_SPINS: i32 = 3000000;

/** Of this thread: every thread has an instance of its own, and so its own globals. */
let spins: i32 = MOST_SPINS;
let sleeps: i32 = 0;
let canSpin: bool = true;
/** Whether this thread waits for its next list awake. */
let staysAwake: bool = true;

/** Said once by each thread. Negative `spareProcessors` are threads without one. */
export function beginService(thread: i32, spareProcessors: i32): void {
  canSpin = spareProcessors >= 0;
  if (!canSpin) spins = 0;
  staysAwake = canSpin && (spareProcessors > 0 || thread > 0);
}

/** Returns when all threads have called it. */
export function barrier(threads: i32): void {
  if (threads == 1) return;
  if (ASC_FEATURE_THREADS) {
    const generation = atomic.load<i32>(BARRIER_GENERATION);
    if (atomic.add<i32>(BARRIER_COUNT, 1) + 1 == threads) {
      atomic.store<i32>(BARRIER_COUNT, 0);
      atomic.store<i32>(BARRIER_GENERATION, generation + 1);
      if (atomic.load<i32>(BARRIER_SLEEPERS) > 0) atomic.notify(BARRIER_GENERATION, threads);
      return;
    }
    for (let i = 0; i < spins; i++) {
      if (atomic.load<i32>(BARRIER_GENERATION) == generation) continue;
      spins = min(MOST_SPINS, spins + (spins >> 3) + 64);
      return;
    }
    if (canSpin) {
      sleeps++;
      spins = (sleeps & 1023) == 0 ? MOST_SPINS : max(LEAST_SPINS, spins >> 1);
    }
    sleepWhile(BARRIER_GENERATION, generation, BARRIER_SLEEPERS);
  }
}

/** Returns when the host has submitted more than `taken` lists. */
export function waitForList(taken: i32): void {
  if (ASC_FEATURE_THREADS) {
    for (let i = staysAwake ? 0 : IDLE_SPINS; i < IDLE_SPINS; i++) {
      if (atomic.load<i32>(SUBMITTED) != taken) return;
    }
    sleepWhile(SUBMITTED, taken, SUBMITTED_SLEEPERS);
  }
}

/** The next number of a counter that threads share. */
// @ts-ignore: decorator
@inline
export function take(counter: usize): i32 {
  if (ASC_FEATURE_THREADS) return atomic.add<i32>(counter, 1);
  const next = load<i32>(counter);
  store<i32>(counter, next + 1);
  return next;
}

// The sleep itself is JavaScript's (worker.js): the baseline compiler of Node 20 (V8 11.3) makes wrong code of functions
// with memory.atomic.wait32 in them, which then lose the values of their locals.
// @ts-ignore: decorator
@external('env', 'sleep')
declare function sleep(word: usize, value: i32): void;

// Whoever changes the word looks at the count of sleepers afterwards, and a sleeper is counted before it looks at the word
// for the last time, so no change goes unseen.
function sleepWhile(word: usize, value: i32, sleepers: usize): void {
  if (ASC_FEATURE_THREADS) {
    atomic.add<i32>(sleepers, 1);
    while (atomic.load<i32>(word) == value) sleep(word, value);
    atomic.sub<i32>(sleepers, 1);
  }
}
