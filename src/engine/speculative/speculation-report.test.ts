import { expect, test } from 'vitest';
import { expectedGain } from './expected-gain.ts';
import { SpeculationRecord } from './speculation-report.ts';

test('Nothing is said of no runs', () => {
  expect(new SpeculationRecord().report()).toEqual({
    targetRuns: 0,
    draftedTokens: 0,
    acceptedTokens: 0,
    acceptanceRate: undefined,
    tokensPerRun: undefined,
    predictedGain: undefined,
    measuredGain: undefined,
  });
});

test('The acceptance rate leaves out the tokens behind a wrong one', () => {
  const record = new SpeculationRecord();
  record.add({ numDrafted: 5, numAccepted: 5, numAppended: 6 });
  record.add({ numDrafted: 5, numAccepted: 1, numAppended: 2 });
  record.add({ numDrafted: 0, numAccepted: 0, numAppended: 1 });
  expect(record.report()).toMatchObject({
    targetRuns: 3,
    draftedTokens: 10,
    acceptedTokens: 6,
    acceptanceRate: 6 / 7,
    tokensPerRun: 3,
    predictedGain: undefined,
    measuredGain: undefined,
  });
});

test('With one draft length the prediction is the formula of the paper', () => {
  const record = new SpeculationRecord();
  for (const numAccepted of [4, 2, 0, 4]) {
    const times = { drafting: 8, target: 12, plain: 10 };
    record.add({ numDrafted: 4, numAccepted, numAppended: numAccepted + 1, times });
  }
  const { predictedGain, measuredGain, acceptanceRate } = record.report();
  expect(predictedGain).toBeCloseTo(expectedGain(acceptanceRate!, 4, 0.2), 12);
  expect(measuredGain).toBeCloseTo((14 * 10) / (4 * 20), 12);
});

test('Runs without drafts weigh in', () => {
  const record = new SpeculationRecord();
  record.add({ numDrafted: 3, numAccepted: 3, numAppended: 4, times: { drafting: 10, target: 10, plain: 10 } });
  record.add({ numDrafted: 0, numAccepted: 0, numAppended: 1, times: { drafting: 0, target: 10, plain: 10 } });
  expect(record.report()).toMatchObject({ predictedGain: 5 / 3, measuredGain: 5 / 3 });
});
