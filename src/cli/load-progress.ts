import type { Progress } from '../llm/load-options.ts';
import { formatBytes } from './format.ts';
import { ProgressBar } from './progress-bar.ts';
import type { Terminal } from './terminal.ts';

/** A bar on a terminal's stderr while a model is downloaded and loaded; it is gone when that is done. */
export class LoadProgressBar {
  readonly #bar: ProgressBar;

  constructor(terminal: Terminal, options: { readonly isQuiet: boolean }) {
    this.#bar = new ProgressBar(terminal, options);
  }

  update({ status, file, loaded, total }: Progress): void {
    if (status === 'cached' || status === 'done') return;
    const action = status === 'loading' ? 'Loading' : 'Downloading';
    const amount = `${formatBytes(loaded)} of ${formatBytes(total)}`;
    this.#bar.update({ action, loaded, total, amount, detail: file });
  }

  /** Takes the bar away and gives the cursor back. */
  stop(): void {
    this.#bar.stop();
  }
}
