import { describe, expect, test } from 'vitest';
import { uniform } from '../../base/random.ts';
import { numTested } from './acceptance-rate.ts';
import { DraftCosts } from './draft-costs.ts';
import { DraftLength } from './draft-length.ts';
import { expectedTokens } from './expected-gain.ts';
import { StepCosts } from './step-costs.ts';

const MAX_TOKENS = 8;

interface World {
  /** Milliseconds of a target step of so many rows. */
  readonly target: (numRows: number) => number;
  /** Milliseconds of a draft token. */
  readonly draft: number;
  /** Milliseconds of a draft beside its tokens; 0 unless given. */
  readonly call?: number;
  /** Probability that a drafted token is accepted, at each step. */
  readonly rate: (step: number) => number;
  readonly numSequences?: number;
}

/** The lengths that are chosen step by step, where steps take and give what the world says. */
function simulate({ target, draft, rate, call = 0, numSequences = 1 }: World, numSteps: number) {
  const costs = { target: new StepCosts(), draft: new DraftCosts() };
  const draftLength = new DraftLength({ maxTokens: MAX_TOKENS, costs });
  const lengths: number[] = [];
  for (let step = 0; step < numSteps; step++) {
    const numDrafted = draftLength.choose(numSequences);
    lengths.push(numDrafted);
    const numRows = numSequences * (numDrafted + 1);
    costs.target.record(numRows, target(numRows));
    if (numDrafted > 0) costs.draft.record({ numSequences, numTokens: numDrafted, ms: call + numDrafted * draft });
    let numAccepted = 0;
    while (numAccepted < numDrafted && uniform(9, step, numAccepted) < rate(step)) numAccepted += 1;
    draftLength.record({ numDrafted, numAccepted });
  }
  return { lengths, draftLength };
}

/** The length that gives the most tokens per millisecond, if everything is known. */
function bestLength({ target, draft, rate, call = 0, numSequences = 1 }: World): number {
  const speeds = Array.from({ length: MAX_TOKENS + 1 }, (_, length) => {
    const drafting = length === 0 ? 0 : call + length * draft;
    return expectedTokens(rate(0), length) / (target(numSequences * (length + 1)) + drafting);
  });
  return speeds.indexOf(Math.max(...speeds));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const shareOf = (lengths: readonly number[], length: number) =>
  lengths.filter((one) => one === length).length / lengths.length;

test('A step without a draft is measured first, then one with', () => {
  const { lengths } = simulate({ target: () => 10, draft: 0.1, rate: () => 0.9 }, 2);
  expect(lengths).toEqual([0, MAX_TOKENS]);
});

describe('the length that pays best is found', () => {
  test.each<[string, World]>([
    ['a draft that is nearly always right and free', { target: () => 10, draft: 0, rate: () => 0.98 }],
    ['a good draft that costs a tenth', { target: () => 10, draft: 1, rate: () => 0.8 }],
    ['a fair draft that costs a third', { target: () => 10, draft: 3.3, rate: () => 0.6 }],
    ['checking that costs more by the row', { target: (rows) => 8 + 2 * rows, draft: 0.5, rate: () => 0.7 }],
    ['a draft whose call costs more than its tokens', { target: () => 10, call: 5, draft: 0.5, rate: () => 0.9 }],
    ['many sequences', { target: (rows) => 10 + 0.2 * rows, draft: 0.5, rate: () => 0.7, numSequences: 32 }],
  ])('%s', (_, world) => {
    const { lengths } = simulate(world, 600);
    const late = lengths.slice(200).filter((length) => length > 0);
    expect(bestLength(world)).toBeGreaterThan(0);
    expect(Math.abs(mean(late) - bestLength(world))).toBeLessThan(1);
  });

  test('a draft that costs as much as the target is never worth it', () => {
    const { lengths } = simulate({ target: () => 10, draft: 11, rate: () => 0.95 }, 300);
    expect(shareOf(lengths.slice(20), 0)).toBeGreaterThan(0.95);
  });

  test('a draft that is always wrong costs less than two hundredths', () => {
    const { lengths } = simulate({ target: () => 10, draft: 0.5, rate: () => 0 }, 600);
    expect(mean(lengths.slice(100)) * (0.5 / 10)).toBeLessThan(0.02);
  });

  test('where a step computes so many sequences that rows cost in full, nothing is drafted', () => {
    const target = (numRows: number) => Math.max(10, numRows);
    const world = { target, draft: 0.5, rate: () => 0.7 };
    expect(mean(simulate({ ...world, numSequences: 1 }, 300).lengths.slice(20))).toBeGreaterThan(2);
    expect(mean(simulate({ ...world, numSequences: 32 }, 300).lengths.slice(20))).toBeLessThan(0.3);
  });
});

describe('probes', () => {
  test('a text that becomes predictable is drafted again', () => {
    const { lengths } = simulate({ target: () => 10, draft: 2, rate: (step) => (step < 300 ? 0 : 0.95) }, 600);
    expect(mean(lengths.slice(100, 300))).toBeLessThan(0.3);
    expect(mean(lengths.slice(450))).toBeGreaterThan(4);
  });

  test('measure a step without drafts now and then', () => {
    const { lengths } = simulate({ target: () => 10, draft: 0.1, rate: () => 0.9 }, 1000);
    const late = lengths.slice(100);
    expect(late.filter((length) => length === 0).length).toBeGreaterThan(5);
    expect(late.filter((length) => length === 0).length).toBeLessThan(20);
  });

  test('are few', () => {
    const { lengths } = simulate({ target: () => 10, draft: 11, rate: () => 0.95 }, 1000);
    const late = lengths.slice(100);
    expect(late.filter((length) => length > 0).length).toBeGreaterThan(5);
    expect(late.filter((length) => length > 0).length).toBeLessThan(20);
  });

  test('a slow first step does not keep drafts on for ever', () => {
    let numSteps = 0;
    const target = (numRows: number) => (numSteps++ === 0 ? 200 : 10 * numRows);
    const { lengths } = simulate({ target, draft: 1, rate: () => 0.7 }, 1000);
    expect(mean(lengths.slice(400))).toBeLessThan(0.5);
  });
});

test('The acceptance rate follows what was drafted of late', () => {
  const costs = { target: new StepCosts(), draft: new DraftCosts() };
  const draftLength = new DraftLength({ maxTokens: 4, costs });
  expect(draftLength.acceptanceRate).toBe(0.5);
  for (let i = 0; i < 200; i++) draftLength.record({ numDrafted: 4, numAccepted: 4 });
  expect(draftLength.acceptanceRate).toBeGreaterThan(0.98);
  for (let i = 0; i < 200; i++) draftLength.record({ numDrafted: 4, numAccepted: 1 });
  expect(draftLength.acceptanceRate).toBeCloseTo(0.5, 1);
});

test('Tokens behind the first wrong one tell nothing', () => {
  expect([0, 2, 3].map((numAccepted) => numTested(3, numAccepted))).toEqual([1, 3, 3]);
  expect(numTested(0, 0)).toBe(0);
});

test('What other sequences had accepted is believed until there is something to go by', () => {
  const costs = { target: new StepCosts(), draft: new DraftCosts() };
  const draftLength = new DraftLength({ maxTokens: 4, costs, believedRate: 0.9 });
  expect(draftLength.acceptanceRate).toBe(0.9);
  for (let i = 0; i < 20; i++) draftLength.record({ numDrafted: 4, numAccepted: 0 });
  expect(draftLength.acceptanceRate).toBeLessThan(0.1);
});
