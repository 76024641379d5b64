import { SingleBar } from 'cli-progress';
import type { Progress } from '../llm/load-options.ts';
import { formatBytes } from './format.ts';
import type { Terminal } from './terminal.ts';

/** A bar on a terminal's stderr while a model is downloaded and loaded; it is gone when that is done. */
export class LoadProgressBar {
  readonly #bar: SingleBar | undefined;
  #isStarted = false;

  constructor(terminal: Terminal, options: { readonly isQuiet: boolean }) {
    const { stderr } = terminal.io;
    if (options.isQuiet || stderr.isTTY !== true) return;
    const { cyan, dim } = terminal.noteColors;
    this.#bar = new SingleBar({
      stream: stderr,
      format: `{action} ${cyan('{bar}')} {percentage} %  {amount}  ${dim('{file}')}`,
      barCompleteChar: '━',
      barIncompleteChar: '─',
      barsize: 28,
      hideCursor: true,
      clearOnComplete: true,
    });
  }

  update({ status, file, loaded, total }: Progress): void {
    if (this.#bar === undefined || status === 'cached' || status === 'done') return;
    const payload = {
      action: status === 'loading' ? 'Loading' : 'Downloading',
      amount: `${formatBytes(loaded)} of ${formatBytes(total)}`,
      file,
    };
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
