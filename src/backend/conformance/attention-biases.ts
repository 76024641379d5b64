import type { PositionBias } from '../backend.ts';
import { randomFloats } from './numbers.ts';
import type { Workbench } from './workbench.ts';

/** The size of a position bias of the cases. */
export interface TestBias {
  readonly width: number;
  readonly own: number;
}

export const BIASES: readonly TestBias[] = [
  { width: 1, own: 0 },
  { width: 7, own: 6 },
  { width: 13, own: 6 },
  { width: 5, own: 0 },
  { width: 200, own: 99 },
];

export function describeBias({ width, own }: TestBias): string {
  return `position bias ${own} of ${width}`;
}

/** Its values (H, width). */
function biasValues({ width }: TestBias, heads: number): Float32Array {
  return randomFloats(87, heads * width, 2);
}

export function putBias(bench: Workbench, it: TestBias | undefined, heads: number): PositionBias | undefined {
  return it && { values: bench.put(biasValues(it, heads)), own: it.own };
}
