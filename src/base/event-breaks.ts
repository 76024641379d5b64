/** Long enough not to cost anything, short enough for a key press to be seen at once. */
const INTERVAL_MS = 50;

/**
 * Lets timers, signals and other events in now and then, in work that otherwise never leaves the microtask queue: awaiting
 * a promise that is already resolved does not.
 */
export class EventBreaks {
  #last = performance.now();

  /** Waits for a turn of the event loop if the last one is long ago. */
  async take(): Promise<void> {
    if (performance.now() - this.#last < INTERVAL_MS) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#last = performance.now();
  }
}
