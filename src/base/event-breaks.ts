/** Long enough not to cost anything, short enough for a key press to be seen at once. */
const INTERVAL_MS = 50;
/** Before it asks for a turn of the event loop it looks for so long whether one comes by itself: a timer takes a millisecond. */
const PATIENCE_MS = 25;

/**
 * Lets timers, signals and other events in now and then, in work that otherwise never leaves the microtask queue: awaiting
 * a promise that is already resolved does not. Work that waits for events of its own is not held up.
 */
export class EventBreaks {
  #last = performance.now();
  #turn: Promise<void> | undefined;

  /** Waits for a turn of the event loop if the last one is long ago. */
  async take(): Promise<void> {
    const age = performance.now() - this.#last;
    if (age < PATIENCE_MS) return;
    this.#turn ??= new Promise<void>((resolve) => setTimeout(resolve, 0)).then(() => {
      this.#last = performance.now();
      this.#turn = undefined;
    });
    if (age >= INTERVAL_MS) await this.#turn;
  }
}
