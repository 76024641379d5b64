/** Heads as models have them: one key head for all, for each, or for a group of query heads. */
export interface HeadSizes {
  readonly heads: number; // H
  readonly kvHeads: number; // G
  readonly headSize: number; // D
}

export const HEAD_SIZES: readonly HeadSizes[] = [
  { heads: 1, kvHeads: 1, headSize: 1 },
  { heads: 3, kvHeads: 1, headSize: 5 },
  { heads: 4, kvHeads: 2, headSize: 8 },
  { heads: 3, kvHeads: 3, headSize: 64 },
  { heads: 6, kvHeads: 2, headSize: 80 },
  { heads: 8, kvHeads: 1, headSize: 128 },
];

export function describeHeads({ heads, kvHeads, headSize }: HeadSizes): string {
  return `${heads} heads on ${kvHeads} of ${headSize}`;
}
