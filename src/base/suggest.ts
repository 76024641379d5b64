import { closest, distance } from 'fastest-levenshtein';

/** `, did you mean "blockSize"?` when a known name is near, else an empty string. */
export function didYouMean(name: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const lowerCase = known.map((it) => it.toLowerCase());
  const place = lowerCase.indexOf(closest(name.toLowerCase(), lowerCase));
  const nearest = known[place]!;
  const isNear = distance(name.toLowerCase(), lowerCase[place]!) <= Math.max(2, Math.floor(nearest.length / 3));
  return isNear ? `, did you mean ${JSON.stringify(nearest)}?` : '';
}
