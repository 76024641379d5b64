import pc from 'picocolors';
import { Interrupted, OutputClosed } from './exit-codes.ts';
import type { Io, OutputStream } from './io.ts';

export type Colors = ReturnType<typeof pc.createColors>;

/** Where a command writes, and what can stop it. */
export class Terminal {
  readonly io: Io;
  /** Of stdout; each is the identity where there are no colours. */
  readonly colors: Colors;
  /** Of stderr. */
  readonly noteColors: Colors;
  readonly #outputClosed = new AbortController();

  constructor(io: Io) {
    this.io = io;
    this.colors = pc.createColors(hasColors(io.stdout, io.env));
    this.noteColors = pc.createColors(hasColors(io.stderr, io.env));
    for (const stream of [io.stdout, io.stderr]) stream.on('error', (error) => this.#streamFailed(error));
  }

  /** Writes a result to stdout. */
  write(text: string): void {
    if (!this.#outputClosed.signal.aborted) this.io.stdout.write(text);
  }

  /** Writes a result to stdout as one line of JSON. */
  writeJson(value: unknown): void {
    this.write(`${JSON.stringify(value)}\n`);
  }

  /** Tells the user something beside the result, on stderr. */
  note(text: string): void {
    this.io.stderr.write(`${this.noteColors.dim(text)}\n`);
  }

  /** Tells the user of an error, on stderr. */
  complain(text: string): void {
    this.io.stderr.write(`${this.noteColors.red('kvasir:')} ${text}\n`);
  }

  /** Text of a model: on a terminal without the control characters that would steer it. */
  printable(text: string): string {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    return this.io.stdout.isTTY ? text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '\ufffd') : text;
  }

  /** Runs `body` with a signal that Ctrl-C aborts; a second Ctrl-C before it has ended ends the process. */
  async interruptible<Result>(body: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const interrupted = new AbortController();
    const stopListening = this.io.onInterrupt(() => {
      stopListening();
      interrupted.abort(new Interrupted());
    });
    const signal = AbortSignal.any([interrupted.signal, this.#outputClosed.signal]);
    try {
      const result = await body(signal);
      this.#outputClosed.signal.throwIfAborted();
      return result;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      stopListening();
    }
  }

  /**
   * Waits for a turn of the event loop, in which what was written may turn out to have no reader; throws then, so that nothing
   * more is said.
   */
  async expectReader(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#outputClosed.signal.throwIfAborted();
  }

  #streamFailed(error: Error): void {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
    this.#outputClosed.abort(new OutputClosed());
  }
}

/** https://no-color.org: any value but the empty one turns colours off. */
function hasColors(stream: OutputStream, env: Io['env']): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}
