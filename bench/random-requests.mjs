import { RandomNumbers } from './random-numbers.mjs';

/** `length` random token ids without the last of the vocabulary, which ends a text. */
export function randomPrompt(random, length, vocabulary) {
  return Array.from({ length }, () => random.between(0, vocabulary - 2));
}

/** `count` prompts of `length` tokens; no two seeds have a prompt in common, so the prefix cache finds nothing. */
export function randomPrompts({ seed, count, length, vocabulary }) {
  const random = new RandomNumbers(seed);
  return Array.from({ length: count }, () => randomPrompt(random, length, vocabulary));
}

/** Requests whose prompts and answers have a length drawn evenly from a range, both ends included. */
export function randomRequests({ seed, count, promptRange, outputRange, vocabulary }) {
  const random = new RandomNumbers(seed);
  return Array.from({ length: count }, () => {
    const promptIds = randomPrompt(random, random.between(...promptRange), vocabulary);
    return { promptIds, numNew: random.between(...outputRange) };
  });
}
