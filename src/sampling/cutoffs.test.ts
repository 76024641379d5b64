import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyProcessor, keptIds } from '../../test/apply-processor.ts';
import { epsilonCutoff } from './epsilon-cutoff.ts';
import { etaCutoff } from './eta-cutoff.ts';

const LOGITS = [0.5, 0.3, 0.15, 0.05].map(Math.log);

test('epsilonCutoff removes tokens whose probability is below epsilon', () => {
  expect(keptIds(applyProcessor(epsilonCutoff(0.1), LOGITS))).toEqual([0, 1, 2]);
  expect(keptIds(applyProcessor(epsilonCutoff(0.2), LOGITS))).toEqual([0, 1]);
});

test('etaCutoff removes less than epsilonCutoff where the entropy is high', () => {
  // 100 tokens of about 0.01: √0.02 · exp(−4.6) is 0.0014.
  const flat = Array.from({ length: 100 }, (_, id) => Math.log(0.01 + (id - 49.5) * 1e-4));
  expect(keptIds(applyProcessor(epsilonCutoff(0.02), flat))).toEqual([99]);
  expect(keptIds(applyProcessor(etaCutoff(0.02), flat))).toHaveLength(100);
  // H is 1.14 nats: √0.25 · exp(−1.14) is 0.16, below 0.25.
  expect(keptIds(applyProcessor(etaCutoff(0.25), LOGITS))).toEqual([0, 1]);
});

test('The likeliest tokens stay however unlikely they are, and at 0 all do', () => {
  for (const cutoff of [epsilonCutoff, etaCutoff]) {
    expect(keptIds(applyProcessor(cutoff(0.99), [1, 2, 0, 2]))).toEqual([1, 3]);
    expect(applyProcessor(cutoff(0), [3, -1e30, Number.NEGATIVE_INFINITY])).toEqual([
      3,
      Math.fround(-1e30),
      Number.NEGATIVE_INFINITY,
    ]);
    const removed = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
    expect(applyProcessor(cutoff(0.5), removed)).toEqual(removed);
  }
});

test('Cutoffs remove the least likely tokens and never all', () => {
  const row = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(row, fc.double({ min: 0, max: 0.999, noNaN: true }), (logits, epsilon) => {
      for (const cutoff of [epsilonCutoff(epsilon), etaCutoff(epsilon)]) {
        const filtered = applyProcessor(cutoff, logits);
        const lowestKept = Math.min(...keptIds(filtered).map((id) => logits[id]!));
        expect(lowestKept).not.toBe(Number.POSITIVE_INFINITY);
        logits.forEach((logit, id) => {
          expect(filtered[id]).toBe(logit >= lowestKept ? logit : Number.NEGATIVE_INFINITY);
        });
      }
    }),
  );
});
