import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Threads that run one kernel at once over a shared memory. */
export class Crew {
  #workers;
  #round = 0;

  static async start(module, memory, threads) {
    const arrivals = new Int32Array(new SharedArrayBuffer(4));
    const workers = Array.from({ length: threads }, (_, index) => {
      return new Worker(new URL('worker.mjs', import.meta.url), {
        workerData: { module, memory, arrivals, index, threads },
      });
    });
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    return new Crew(workers);
  }

  constructor(workers) {
    this.#workers = workers;
  }

  /** Runs `kernel` on every thread with the thread's own parameters; seconds from the first start to the last end. */
  async run(kernel, parameters) {
    this.#round++;
    const times = this.#workers.map(async (worker) => {
      const reply = once(worker, 'message');
      worker.postMessage({ kernel, parameters, round: this.#round });
      return (await reply)[0];
    });
    const done = await Promise.all(times);
    const start = Math.min(...done.map(({ start }) => start));
    const end = Math.max(...done.map(({ end }) => end));
    return (end - start) / 1e9;
  }

  async stop() {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
