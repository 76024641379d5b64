/** `length` token ids that repeat no short pattern; the same every time. */
export function promptOf(length, vocabulary) {
  return Array.from({ length }, (_, i) => (i * 7919 + 104_729 * (i % 13)) % vocabulary);
}

/** Greedy, and exactly `numTokens` of them. */
export function greedy(numTokens) {
  return { maxNewTokens: numTokens, temperature: 0, ignoreEos: true };
}

/** Milliseconds of each token of a generation, from the request for it to its text; the first holds the prefill. */
export async function tokenTimes(llm, prompt, options) {
  const times = [];
  let before = performance.now();
  for await (const _ of llm.stream(prompt, options)) {
    const now = performance.now();
    times.push(now - before);
    before = now;
  }
  return times;
}
