import { closest, distance } from 'fastest-levenshtein';

/** `, did you mean "blockSize"?` when a known name is near, else an empty string. */
export function didYouMean(name: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const nearest = closest(name, [...known]);
  const isNear = distance(name.toLowerCase(), nearest.toLowerCase()) <= Math.max(2, Math.floor(nearest.length / 3));
  return isNear ? `, did you mean ${JSON.stringify(nearest)}?` : '';
}
