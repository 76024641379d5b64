import type { Backend } from '../backend.ts';

/** One requirement of the contract, to be run on a backend. */
export interface ConformanceCase {
  /** Unique in the suite; starts with the method it is about. */
  readonly name: string;
  /** The method of the backend that the case is about. */
  readonly op: ConformanceOp;
  /** Largest allowed ‖got − wanted‖ / ‖wanted‖; 0 asks for the same bits. */
  readonly tolerance: number;
  /**
   * Rejects with an `Error` that says op, sizes, first wrong index, got, wanted and relative error. `reference` is a
   * backend to agree with, within `tolerance` if given and the case's own if not: `it.run(twoThreads, oneThread, 0)` asks
   * two backends for the same bits.
   */
  run(backend: Backend, reference: Backend, tolerance?: number): Promise<void>;
}

export type ConformanceOp = Exclude<keyof Backend, 'name' | 'numThreads' | 'dispose'>;
