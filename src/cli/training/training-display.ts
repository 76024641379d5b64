import type { TrainingStepEvent } from '../../training/training-events.ts';
import type { Terminal } from '../terminal.ts';
import { stepParts } from './training-line.ts';

const BAR_LENGTH = 16;
const FRAME_MS = 100;
/** Gone to the start of the line, and all of it deleted. */
const CLEAR = '\r\x1b[2K';

/** Shows the steps of a training on stderr: on a terminal one line that changes, elsewhere a line now and then. */
export class TrainingDisplay {
  readonly #terminal: Terminal;
  readonly #logEvery: number;
  readonly #isQuiet: boolean;
  #lastFrame = Number.NEGATIVE_INFINITY;
  #isShown = false;

  constructor(terminal: Terminal, { logEvery, isQuiet }: { readonly logEvery: number; readonly isQuiet: boolean }) {
    this.#terminal = terminal;
    this.#logEvery = logEvery;
    this.#isQuiet = isQuiet;
  }

  step(event: TrainingStepEvent): void {
    if (this.#isQuiet) return;
    const isLast = event.step === event.maxSteps;
    if (this.#terminal.io.stderr.isTTY) {
      const now = performance.now();
      if (now - this.#lastFrame < FRAME_MS && !isLast) return;
      this.#lastFrame = now;
      this.#show(event);
    } else if (event.step % this.#logEvery === 0 || event.step === 1 || isLast) {
      this.#terminal.note(stepParts(event).join('  '));
    }
  }

  /** A line that stays. */
  note(text: string): void {
    this.clear();
    if (!this.#isQuiet) this.#terminal.note(text);
  }

  /** Takes the line away that changes. */
  clear(): void {
    if (this.#isShown) this.#terminal.io.stderr.write(CLEAR);
    this.#isShown = false;
  }

  #show(event: TrainingStepEvent): void {
    const { io, noteColors } = this.#terminal;
    const done = Math.round((BAR_LENGTH * event.step) / event.maxSteps);
    const bar = '━'.repeat(done) + '─'.repeat(BAR_LENGTH - done);
    const text = fitting(stepParts(event), (io.stderr.columns ?? 80) - BAR_LENGTH - 2);
    io.stderr.write(`${CLEAR}${noteColors.cyan(bar)}  ${text}`);
    this.#isShown = true;
  }
}

/** As many of the parts as there is room for. */
function fitting(parts: readonly string[], width: number): string {
  let text = parts[0]!;
  for (const part of parts.slice(1)) {
    if (text.length + 2 + part.length >= width) break;
    text += `  ${part}`;
  }
  return text;
}
