import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frequencyPresencePenalty } from './frequency-presence-penalty.ts';
import type { LogitsProcessor } from './logits-processor.ts';
import { minNewTokens } from './min-new-tokens.ts';
import { repetitionPenalty } from './repetition-penalty.ts';
import type { SequenceView } from './sequence-view.ts';

const REMOVED = Number.NEGATIVE_INFINITY;

function view(promptIds: readonly number[], generatedIds: readonly number[]): SequenceView {
  const tokenIds = [...promptIds, ...generatedIds];
  return { promptIds, generatedIds, tokenIds, position: tokenIds.length };
}

function apply(processor: LogitsProcessor, logits: readonly number[], sequence: SequenceView): number[] {
  const row = Float32Array.from(logits);
  processor(row, sequence);
  return [...row];
}

test('repetitionPenalty lowers each seen token once, prompt and generated alike', () => {
  const sequence = view([0, 1, 1], [3, 3, 3]);
  expect(apply(repetitionPenalty(2), [4, -4, 4, 8, 0], sequence)).toEqual([2, -8, 4, 4, 0]);
});

test('repetitionPenalty below 1 raises seen tokens', () => {
  expect(apply(repetitionPenalty(0.5), [4, -4], view([0, 1], []))).toEqual([8, -2]);
});

test('repetitionPenalty sees a token again in the next call', () => {
  const penalize = repetitionPenalty(2);
  expect(apply(penalize, [4, 4], view([0], []))).toEqual([2, 4]);
  expect(apply(penalize, [4, 4], view([0], [1]))).toEqual([2, 2]);
});

test('frequencyPresencePenalty follows the formula over generated tokens only', () => {
  const sequence = view([0, 0, 2], [1, 1, 1, 3]);
  const penalize = frequencyPresencePenalty({ frequency: 0.5, presence: 0.25 });
  expect(apply(penalize, [1, 1, 1, 1], sequence)).toEqual([1, 1 - 1.75, 1, 1 - 0.75]);
  expect(apply(penalize, [1, 1, 1, 1], sequence)).toEqual([1, 1 - 1.75, 1, 1 - 0.75]);
});

test('frequencyPresencePenalty is additive, so it commutes with a shift of all logits', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4 })), fc.integer({ min: -64, max: 64 }), (generated, shift) => {
      const penalize = frequencyPresencePenalty({ frequency: 0.5, presence: -0.25 });
      const sequence = view([], generated);
      const plain = apply(penalize, [0, 1, 2, 3, 4], sequence);
      const shifted = apply(
        penalize,
        [0, 1, 2, 3, 4].map((logit) => logit + shift),
        sequence,
      );
      expect(shifted).toEqual(plain.map((logit) => logit + shift));
    }),
  );
});

test('minNewTokens removes stop tokens until enough are generated', () => {
  const hold = minNewTokens(2, [1, 3, 99]);
  expect(apply(hold, [1, 2, 3, 4], view([0, 0, 0], [0]))).toEqual([1, REMOVED, 3, REMOVED]);
  expect(apply(hold, [1, 2, 3, 4], view([0], [0, 0]))).toEqual([1, 2, 3, 4]);
});

test('penalties never bring a removed token back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.float({ min: -9, max: 9, noNaN: true }), fc.constant(REMOVED)), {
        minLength: 5,
        maxLength: 5,
      }),
      fc.array(fc.integer({ min: 0, max: 4 })),
      fc.double({ min: 0.1, max: 5, noNaN: true }),
      fc.double({ min: -2, max: 2, noNaN: true }),
      (logits, generated, factor, added) => {
        const penalties = [
          repetitionPenalty(factor),
          frequencyPresencePenalty({ frequency: added, presence: -added }),
          minNewTokens(3, [2]),
        ];
        for (const penalize of penalties) {
          const penalized = apply(penalize, logits, view([1], generated));
          penalized.forEach((logit, id) => {
            expect(logit).not.toBeNaN();
            if (logits[id] === REMOVED) expect(logit).toBe(REMOVED);
          });
        }
      },
    ),
  );
});

test('impossible penalties are rejected', () => {
  for (const penalty of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => repetitionPenalty(penalty)).toThrow(RangeError);
  }
  expect(() => frequencyPresencePenalty({ frequency: Number.NaN, presence: 0 })).toThrow(RangeError);
  expect(() => frequencyPresencePenalty({ frequency: 0, presence: Number.POSITIVE_INFINITY })).toThrow(RangeError);
  expect(() => minNewTokens(1.5, [])).toThrow(RangeError);
});
