import { createInterface } from 'node:readline';
import { Interrupted } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/**
 * Asks for lines on a terminal, with editing and a history. Between two lines the terminal is as it was, so that Ctrl-C
 * is a signal then.
 */
export class LinePrompt {
  readonly #terminal: Terminal;
  readonly #prompt: string;
  #history: string[] = [];
  /** Lines that were pasted together with an earlier one. */
  readonly #pasted: string[] = [];

  constructor(terminal: Terminal, prompt: string) {
    this.#terminal = terminal;
    this.#prompt = prompt;
  }

  /** The next line; undefined at the end of input (Ctrl-D). Throws `Interrupted` for Ctrl-C. */
  async next(): Promise<string | undefined> {
    return this.#pasted.shift() ?? this.#read();
  }

  #read(): Promise<string | undefined> {
    const { stdin: input, stderr: output } = this.#terminal.io;
    return new Promise((resolve, reject) => {
      const lines: string[] = [];
      const options = { terminal: output.isTTY === true, history: this.#history, prompt: this.#prompt };
      const reader = createInterface({ input, output, ...options });
      reader.on('history', (history) => {
        this.#history = history;
      });
      reader.on('line', (line) => {
        if (lines.push(line) === 1) queueMicrotask(() => reader.close());
      });
      reader.once('SIGINT', () => {
        reject(new Interrupted());
        reader.close();
      });
      reader.once('close', () => {
        const [first, ...rest] = lines;
        if (first === undefined) output.write('\n');
        this.#pasted.push(...rest);
        resolve(first);
      });
      reader.prompt();
    });
  }
}
