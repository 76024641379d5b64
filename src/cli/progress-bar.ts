import { SingleBar } from 'cli-progress';
import type { Terminal } from './terminal.ts';

/** What a bar shows. */
export interface BarState {
  /** What is being done: `Loading`. */
  readonly action: string;
  readonly loaded: number;
  readonly total: number;
  /** How much is done, in words. */
  readonly amount: string;
  /** What it is done to. */
  readonly detail: string;
}

/** A bar on a terminal's stderr while something takes long; it is gone when that is done. */
export class ProgressBar {
  readonly #bar: SingleBar | undefined;
  #isStarted = false;

  constructor(terminal: Terminal, options: { readonly isQuiet: boolean }) {
    const { stderr } = terminal.io;
    if (options.isQuiet || stderr.isTTY !== true) return;
    const { cyan, dim } = terminal.noteColors;
    this.#bar = new SingleBar({
      stream: stderr,
      format: `{action} ${cyan('{bar}')} {percentage} %  {amount}  ${dim('{detail}')}`,
      barCompleteChar: '━',
      barIncompleteChar: '─',
      barsize: 28,
      hideCursor: true,
      clearOnComplete: true,
    });
  }

  update({ loaded, total, ...payload }: BarState): void {
    if (this.#bar === undefined) return;
    if (this.#isStarted) {
      this.#bar.setTotal(total);
      this.#bar.update(loaded, payload);
    } else {
      this.#isStarted = true;
      this.#bar.start(total, loaded, payload);
    }
  }

  /** Takes the bar away and gives the cursor back. */
  stop(): void {
    if (this.#isStarted) this.#bar?.stop();
  }
}
