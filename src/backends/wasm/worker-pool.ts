import { platform } from '#platform';
import type { PlatformWorker } from '../../platform/platform.ts';
import type { Executor } from './executor.ts';
import { workerSource } from './generated/worker-source.ts';
import { COMPLETED, RING, RING_ENTRY_BYTES, RING_LENGTH, SUBMITTED, SUBMITTED_SLEEPERS, WANTED } from './memory-map.ts';
import type { WasmMemory } from './wasm-memory.ts';

interface Waiter {
  readonly numLists: number;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

interface WorkerStart {
  readonly module: WebAssembly.Module;
  readonly thread: number;
  readonly threads: number;
  /** Processors beside those of the threads; negative where threads share one. */
  readonly spareProcessors: number;
}

/**
 * Threads that run command lists from shared memory (assembly/execute.ts). The thread that owns the pool never computes
 * and never blocks: it puts lists into a ring and hears a message when one has run that it waits for.
 */
export class WorkerPool implements Executor {
  readonly #memory: WasmMemory;
  readonly #workers: readonly PlatformWorker[];
  /** Lists that wait for room in the ring. */
  readonly #overflow: { readonly address: number; readonly count: number }[] = [];
  /** By number of lists. */
  readonly #waiters: Waiter[] = [];
  #numSubmitted = 0;
  #numPublished = 0;
  #isHeld = false;
  #failure: Error | undefined;

  /** Starts the threads. What is submitted before they are ready waits for them; if one cannot start, everything fails. */
  static start(module: WebAssembly.Module, memory: WasmMemory, threads: number): WorkerPool {
    const workers = Array.from({ length: threads }, () => platform.startWorker(workerSource));
    const pool = new WorkerPool(memory, workers);
    const spareProcessors = platform.availableParallelism - threads;
    for (const [thread, worker] of workers.entries())
      pool.#connect(worker, { module, thread, threads, spareProcessors });
    return pool;
  }

  private constructor(memory: WasmMemory, workers: readonly PlatformWorker[]) {
    this.#memory = memory;
    this.#workers = workers;
  }

  get numThreads(): number {
    return this.#workers.length;
  }

  get numSubmitted(): number {
    return this.#numSubmitted;
  }

  get numCompleted(): number {
    return Atomics.load(this.#memory.int32, COMPLETED / 4);
  }

  submit(address: number, count: number): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#numSubmitted++;
    this.#overflow.push({ address, count });
    this.#publish();
    if (this.#overflow.length > 0) this.#settle();
  }

  completion(numLists: number): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.numCompleted >= numLists) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ numLists, resolve, reject });
      this.#settle();
    });
  }

  async dispose(): Promise<void> {
    this.#fail(new Error('The WASM backend is disposed'));
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #connect(worker: PlatformWorker, start: WorkerStart): void {
    worker.onMessage((message) => {
      // A thread that is being stopped keeps the process alive until it has ended, whatever it still says.
      if (this.#failure !== undefined) return;
      if (message === 'completed') return this.#settle();
      // Until it is ready, a thread keeps the process alive; from then on only while somebody waits.
      worker.hold(this.#isHeld && worker === this.#workers[0]);
    });
    worker.onError((cause) => {
      this.#fail(new Error(`The WASM backend has stopped: thread ${start.thread}: ${cause.message}`, { cause }));
    });
    worker.postMessage({ ...start, memory: this.#memory.memory });
  }

  #publish(): void {
    const words = this.#memory.int32;
    const before = this.#numPublished;
    while (this.#overflow.length > 0 && this.#numPublished - this.numCompleted < RING_LENGTH) {
      const { address, count } = this.#overflow.shift()!;
      const entry = (RING + (this.#numPublished % RING_LENGTH) * RING_ENTRY_BYTES) / 4;
      words[entry] = address;
      words[entry + 1] = count;
      this.#numPublished++;
    }
    if (this.#numPublished === before) return;
    Atomics.store(words, SUBMITTED / 4, this.#numPublished);
    if (Atomics.load(words, SUBMITTED_SLEEPERS / 4) > 0) Atomics.notify(words, SUBMITTED / 4);
  }

  /** Serves everybody whose lists have run, and leaves word for which list to be told of next. */
  #settle(): void {
    for (;;) {
      this.#publish();
      const completed = this.numCompleted;
      while (this.#waiters.length > 0 && this.#waiters[0]!.numLists <= completed) this.#waiters.shift()!.resolve();
      const wanted = this.#nextWanted();
      Atomics.store(this.#memory.int32, WANTED / 4, wanted ?? 0);
      // The threads look at the word after they have counted a list: if they had counted it before, nobody will tell.
      if (wanted === undefined || this.numCompleted < wanted) break;
    }
    this.#hold();
  }

  /** The list after which somebody can go on: who waits for it, or lists that wait for room in the ring. */
  #nextWanted(): number | undefined {
    const forWaiter = this.#waiters[0]?.numLists;
    if (this.#overflow.length === 0) return forWaiter;
    return Math.min(forWaiter ?? Number.POSITIVE_INFINITY, this.#numPublished - RING_LENGTH / 2);
  }

  /** The process lives on while somebody waits. */
  #hold(): void {
    const isBusy = this.#failure === undefined && (this.#waiters.length > 0 || this.#overflow.length > 0);
    if (isBusy === this.#isHeld) return;
    this.#isHeld = isBusy;
    this.#workers[0]!.hold(isBusy);
  }

  #fail(failure: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#overflow.length = 0;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(failure);
    for (const worker of this.#workers) void worker.terminate();
  }
}
