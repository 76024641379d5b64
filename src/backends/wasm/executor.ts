/** Runs command lists, in the order in which they come. */
export interface Executor {
  /** Threads that run each list together. */
  readonly numThreads: number;
  /** How many lists have been submitted. */
  readonly numSubmitted: number;
  /** How many of them have run. */
  readonly numCompleted: number;
  /** Hands over `count` commands at `address`, which stay as they are until the list has run. */
  submit(address: number, count: number): void;
  /** Resolves when `numLists` lists have run; rejects if they never will. */
  completion(numLists: number): Promise<void>;
  /** Stops the threads; what has not run never will. */
  dispose(): Promise<void>;
}

/** Runs each list in the calling thread as soon as it is submitted. */
export class InlineExecutor implements Executor {
  readonly numThreads = 1;
  readonly #execute: (address: number, count: number, thread: number, threads: number) => void;
  #numSubmitted = 0;
  #failure: Error | undefined;

  constructor(execute: (address: number, count: number, thread: number, threads: number) => void) {
    this.#execute = execute;
  }

  get numSubmitted(): number {
    return this.#numSubmitted;
  }

  get numCompleted(): number {
    return this.#numSubmitted;
  }

  submit(address: number, count: number): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#numSubmitted++;
    try {
      this.#execute(address, count, 0, 1);
    } catch (cause) {
      this.#failure = new Error(`The WASM backend has stopped: ${cause instanceof Error ? cause.message : cause}`, {
        cause,
      });
      throw this.#failure;
    }
  }

  async completion(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async dispose(): Promise<void> {
    this.#failure ??= new Error('The WASM backend is disposed');
  }
}
