import { philox4x32 } from '../base/random.ts';
import type { Dropout } from '../nn/forward-batch.ts';
import { dropout } from '../ops/elementwise.ts';

/** Which dropout: of a run with a seed, one of its steps, one batch of that. */
export interface DropoutPlace {
  readonly seed: number;
  readonly step: number;
  /** Number of the batch within the step. */
  readonly batch: number;
}

/**
 * Dropout at some rate, undefined for 0. What is dropped is a function of the place and the site, so a step that is made again
 * drops the same.
 */
export function stepDropout(rate: number, { seed, step, batch }: DropoutPlace): Dropout | undefined {
  if (rate === 0) return undefined;
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32)] as const;
  return (input, site) => {
    const [siteSeed] = philox4x32([step, batch, hash(site), STREAM], key);
    return dropout(input, { seed: siteSeed, rate });
  };
}

/** Keeps these numbers apart from others that are drawn under one seed. */
const STREAM = 0x64726f70;

/** FNV-1a (Fowler, Noll, Vo) of a path, 32 bits. */
function hash(text: string): number {
  let bits = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) bits = Math.imul(bits ^ text.charCodeAt(i), 0x01000193);
  return bits >>> 0;
}
