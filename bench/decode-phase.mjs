/**
 * The part of a run in which all requests decode: from when the last of them has its first token until the first of them
 * has its last. `times` are the milliseconds at which each request got each of its tokens.
 */
export function decodePhase(times) {
  const start = Math.max(...times.map((own) => own[0]));
  const end = Math.min(...times.map((own) => own.at(-1)));
  const tokens = times.reduce((sum, own) => sum + own.filter((time) => time > start && time <= end).length, 0);
  return { tokens, seconds: (end - start) / 1000 };
}
