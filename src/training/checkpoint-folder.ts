import { platform } from '#platform';
import type { CheckpointSettings } from './read-trainer-options.ts';

/** Digits of a step in the name of its folder, so that names sort as steps do. */
const STEP_DIGITS = 8;
const COMPLETE = /^step-(\d{8,})$/;
const UNFINISHED = /^step-\d{8,}\.(partial|replaced)$/;

/**
 * The folder of the last checkpoint in a folder of checkpoints, or undefined if it has none: what `resume` takes.
 *
 * @example
 * const resume = await latestCheckpoint('runs/shakespeare');
 */
export async function latestCheckpoint(folder: string): Promise<string | undefined> {
  const step = (await stepsIn(folder)).at(-1);
  return step === undefined ? undefined : platform.join(folder, nameOf(step));
}

/** A folder with one folder for each checkpoint. */
export class CheckpointFolder {
  readonly #settings: CheckpointSettings;

  constructor(settings: CheckpointSettings) {
    this.#settings = settings;
  }

  /** Throws an `Error` if it has checkpoints already: those of two trainings must not mix. */
  async expectEmpty(): Promise<void> {
    const { folder } = this.#settings;
    const latest = await latestCheckpoint(folder);
    if (latest !== undefined)
      throw new Error(
        `Cannot begin a training in ${folder}: it has ${latest}; resume from that, or take another folder`,
      );
  }

  /**
   * Makes the checkpoint of a step whole or not at all: `write` fills a folder that takes its place when it is complete. Then
   * removes those before it that need not be kept. Gives its path.
   */
  async save(step: number, bestStep: number | undefined, write: (folder: string) => Promise<void>): Promise<string> {
    const complete = platform.join(this.#settings.folder, nameOf(step));
    const partial = `${complete}.partial`;
    await this.#removeUnfinished();
    try {
      await platform.makeDirectory(partial);
      await write(partial);
      await replace(complete, partial);
    } catch (error) {
      await platform.remove(partial);
      throw error;
    }
    await this.#removeOld(step, bestStep);
    return complete;
  }

  /** What a process left that was killed while it wrote. */
  async #removeUnfinished(): Promise<void> {
    const { folder } = this.#settings;
    for (const name of await platform.listDirectory(folder))
      if (UNFINISHED.test(name)) await platform.remove(platform.join(folder, name));
  }

  /** Checkpoints of later steps stay: they are of a training that was resumed before them, and will be replaced. */
  async #removeOld(step: number, bestStep: number | undefined): Promise<void> {
    const { folder, keepLast, keepBest } = this.#settings;
    const steps = (await stepsIn(folder)).filter((one) => one <= step);
    for (const one of steps.slice(0, -keepLast))
      if (!(keepBest && one === bestStep)) await platform.remove(platform.join(folder, nameOf(one)));
  }
}

/** Puts `partial` in the place of `complete`, which is there when a step is made again. */
async function replace(complete: string, partial: string): Promise<void> {
  const replaced = `${complete}.replaced`;
  const isThere = await platform.isDirectory(complete);
  if (isThere) await platform.rename(complete, replaced);
  await platform.rename(partial, complete);
  if (isThere) await platform.remove(replaced);
}

function nameOf(step: number): string {
  return `step-${String(step).padStart(STEP_DIGITS, '0')}`;
}

async function stepsIn(folder: string): Promise<readonly number[]> {
  const steps = (await platform.listDirectory(folder)).flatMap((name) => {
    const digits = COMPLETE.exec(name)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
  return steps.sort((a, b) => a - b);
}
