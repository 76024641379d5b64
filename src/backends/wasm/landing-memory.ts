import type { CommandRecorder } from './command-recorder.ts';
import type { Heap } from './heap.ts';

interface Place {
  readonly address: number;
  readonly bytes: number;
}

/**
 * Memory that the host fills while operations are still to run: a place for each piece of weights on its way. When nothing
 * is on its way, all of it is the heap's again.
 */
export class LandingMemory {
  readonly #heap: Heap;
  readonly #recorder: CommandRecorder;
  readonly #maxPlaces: number;
  readonly #free: Place[] = [];
  readonly #waiting: (() => void)[] = [];
  #numTaken = 0;

  constructor(heap: Heap, recorder: CommandRecorder, maxPlaces: number) {
    this.#heap = heap;
    this.#recorder = recorder;
    this.#maxPlaces = maxPlaces;
  }

  /** At least `bytes` bytes that nothing uses, once there are fewer than the most places taken; first come, first served. */
  async take(bytes: number): Promise<Place> {
    if (this.#numTaken < this.#maxPlaces) this.#numTaken++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const fitting = this.#free.findIndex((place) => place.bytes >= bytes);
    if (fitting >= 0) return this.#free.splice(fitting, 1)[0]!;
    try {
      this.#release(this.#free.splice(0, 1));
      return { address: this.#allocate(bytes), bytes };
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  give(place: Place): void {
    this.#free.push(place);
    this.#leave();
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) next();
    else if (--this.#numTaken === 0) this.#release(this.#free.splice(0));
  }

  /** What the heap has had before may still be in use by an operation that was recorded before its release. */
  #allocate(bytes: number): number {
    const what = 'weights on their way';
    return this.#recorder.isIdle ? this.#heap.allocate(bytes, what) : this.#heap.allocateUntouched(bytes, what);
  }

  #release(places: readonly Place[]): void {
    for (const { address, bytes } of places) this.#heap.release(address, bytes);
  }
}
