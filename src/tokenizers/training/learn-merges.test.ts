import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BYTE_CHARACTERS } from '../byte-level.ts';
import { learnMerges } from './learn-merges.ts';

type Merge = readonly [left: string, right: string];

/** The algorithm as it is written in the paper: everything counted anew for each merge. */
function learnNaively(words: ReadonlyMap<string, number>, numMerges: number, minFrequency: number): Merge[] {
  const ids = new Map([...BYTE_CHARACTERS].sort().map((token, id) => [token, id]));
  let spelled = [...words].map(([word, count]) => ({ tokens: [...word], count }));
  const merges: Merge[] = [];
  while (merges.length < numMerges) {
    const pairs = new Map<string, { pair: Merge; count: number }>();
    for (const { tokens, count } of spelled)
      for (let i = 1; i < tokens.length; i++) {
        const pair = [tokens[i - 1]!, tokens[i]!] as const;
        const key = pair.join(' ');
        pairs.set(key, { pair, count: (pairs.get(key)?.count ?? 0) + count });
      }
    const order = (token: string) => ids.get(token)!;
    const [best] = [...pairs.values()].sort(
      (a, b) => b.count - a.count || order(a.pair[0]) - order(b.pair[0]) || order(a.pair[1]) - order(b.pair[1]),
    );
    if (best === undefined || best.count < minFrequency) break;
    merges.push(best.pair);
    ids.set(best.pair.join(''), ids.size);
    spelled = spelled.map(({ tokens, count }) => ({ tokens: mergePair(tokens, best.pair), count }));
  }
  return merges;
}

function mergePair(tokens: readonly string[], [left, right]: Merge): string[] {
  const result: string[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const isPair = tokens[i] === left && tokens[i + 1] === right;
    result.push(isPair ? left + right : tokens[i]!);
    if (isPair) i++;
  }
  return result;
}

test('learns what counting everything anew would learn', async () => {
  const word = fc.string({ unit: fc.constantFrom(...'aaabbc'), maxLength: 12 });
  const words = fc.array(fc.tuple(word, fc.integer({ min: 1, max: 9 })), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(words, fc.nat(40), fc.nat(6), async (list, numMerges, minFrequency) => {
      const counts = new Map(list);
      const options = { vocabSize: 256 + numMerges, minFrequency, specialTokens: [] };
      const { tokens, merges } = await learnMerges(counts, options);
      expect(merges).toEqual(learnNaively(counts, numMerges, Math.max(1, minFrequency)));
      expect(tokens.slice(256)).toEqual(merges.map((pair) => pair.join('')));
    }),
    { numRuns: 500 },
  );
});
