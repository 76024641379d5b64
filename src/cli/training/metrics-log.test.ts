import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { MetricsLog, type StepMetric } from './metrics-log.ts';

const folder = temporaryFolder();
const step = (number: number): StepMetric => ({
  ...{
    kind: 'step',
    step: number,
    loss: 1,
    learningRate: 0.1,
    gradientNorm: 2,
    tokensPerSecond: 3,
    seconds: number / 2,
  },
});
const stepsIn = async (location: string) =>
  (await readFile(location, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as StepMetric).step);

test('a log that goes on has the lines up to its step, and no half line', async () => {
  const location = folder.path('metrics.jsonl');
  const first = await MetricsLog.open(location, 0);
  for (const number of [1, 2, 3, 4]) await first.append(step(number));
  await first.append({ kind: 'sample', step: 4, prompt: 'a\n', text: '"b"' });
  await first.close();
  expect(await stepsIn(location)).toEqual([1, 2, 3, 4, 4]);

  await folder.write('metrics.jsonl', `${await readFile(location, 'utf8')}{"kind":"step","st`);
  const second = await MetricsLog.open(location, 3);
  expect(second.all).toEqual([1, 2, 3].map(step));
  expect(second.seconds).toBe(1.5);
  await second.append(step(4));
  await second.close();
  expect(await stepsIn(location)).toEqual([1, 2, 3, 4]);
});

test('a new log is empty, whatever was there; a log that is lost begins anew', async () => {
  const location = await folder.write(
    'metrics.jsonl',
    `${JSON.stringify(step(1))}\nnull\n7\n{"kind":"other","step":1}\n`,
  );
  const anew = await MetricsLog.open(location, 1);
  expect(anew.all).toEqual([step(1)]);
  await anew.close();
  const first = await MetricsLog.open(location, 0);
  expect([first.all, first.seconds]).toEqual([[], 0]);
  await first.close();
  expect(await readFile(location, 'utf8')).toBe('');
  const lost = await MetricsLog.open(folder.path('other.jsonl'), 9);
  expect(lost.all).toEqual([]);
  await lost.close();
});
