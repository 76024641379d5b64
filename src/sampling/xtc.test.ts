import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keptIds } from '../../test/apply-processor.ts';
import { type XtcOptions, xtc } from './xtc.ts';

const REMOVED = Number.NEGATIVE_INFINITY;

function kept(options: Partial<XtcOptions>, logits: readonly number[], position = 0): number[] {
  const row = Float32Array.from(logits);
  const process = xtc({ probability: 1, threshold: 0.1, seed: 1, ...options });
  process(row, { promptIds: [], generatedIds: [], tokenIds: [], position });
  return keptIds(row);
}

const PROBABILITIES = [0.3, 0.05, 0.2, 0.1, 0.25, 0.02, 0.08].map((p) => Math.log(p));

test('Of the tokens above the threshold the least likely alone stays', () => {
  expect(kept({ threshold: 0.15 }, PROBABILITIES)).toEqual([1, 2, 3, 5, 6]);
  expect(kept({ threshold: 0.22 }, PROBABILITIES)).toEqual([1, 2, 3, 4, 5, 6]);
});

test('One token above the threshold, or none, is left alone', () => {
  expect(kept({ threshold: 0.28 }, PROBABILITIES)).toHaveLength(7);
  expect(kept({ threshold: 0.4 }, PROBABILITIES)).toHaveLength(7);
});

test('Of equals the highest id stays', () => {
  expect(kept({ threshold: 0.2 }, [1, 1, 1, REMOVED])).toEqual([2]);
});

test('A threshold of 0 leaves the least likely token, which is none that is removed', () => {
  expect(kept({ threshold: 0 }, [2, 0, 1, REMOVED])).toEqual([1]);
  expect(kept({}, [REMOVED, REMOVED])).toEqual([]);
});

test('It cuts as often as it should, by seed and position alone', () => {
  const isCut = (position: number, seed: number) =>
    kept({ probability: 0.3, threshold: 0.15, seed }, PROBABILITIES, position).length < 7;
  const cuts = Array.from({ length: 2000 }, (_, position) => isCut(position, 5));
  const share = cuts.filter(Boolean).length / cuts.length;
  // Five standard deviations of the share are 0.05.
  expect(Math.abs(share - 0.3)).toBeLessThan(0.05);
  expect(cuts.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, position) => isCut(position, 5)));
  expect(cuts.slice(0, 100)).not.toEqual(Array.from({ length: 100 }, (_, position) => isCut(position, 6)));
});

test('A probability of 0 never cuts', () => {
  for (let position = 0; position < 50; position++)
    expect(kept({ probability: 0 }, PROBABILITIES, position)).toHaveLength(7);
});

/** Sorts by probability and walks down to the threshold. */
function slowlyKept(logits: readonly number[], threshold: number): number[] {
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  const ranked = [...logits.keys()]
    .filter((id) => logits[id] !== REMOVED)
    .sort((a, b) => logits[b]! - logits[a]! || a - b);
  const numTop = ranked.filter((id) => Math.exp(logits[id]!) / total >= threshold).length;
  return ranked.slice(Math.max(0, numTop - 1)).sort((a, b) => a - b);
}

test('It keeps what the definition says', () => {
  const logit = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: -12, max: 12 }) }, fc.constant(REMOVED));
  const row = fc.array(
    logit.map((it) => it / 4),
    { minLength: 1, maxLength: 20 },
  );
  const property = fc.property(row, fc.constantFrom(0.0513, 0.1017, 0.2503, 0.4999), (logits, threshold) => {
    expect(kept({ threshold }, logits)).toEqual(slowlyKept(logits, threshold));
  });
  fc.assert(property);
});

test.each([
  [{ probability: 1.1 }, 'the probability is 1.1, but it must be from 0 to 1'],
  [{ threshold: 0.6 }, 'the threshold is 0.6, but it must be from 0 to 0.5'],
  [{ threshold: Number.NaN }, 'the threshold is NaN, but it must be from 0 to 0.5'],
])('%j is rejected', (options, problem) => {
  expect(() => kept(options, [1])).toThrow(new RangeError(`Cannot exclude top choices: ${problem}`));
});
