import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli, runJson } from '../../test/run-cli.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import type { Metric } from './training/metrics-log.ts';

const folder = temporaryFolder();
const DEVICE = ['--device', 'reference'] as const;

async function trainedOn(
  data: string,
): Promise<{ readonly checkpoint: string; readonly evaluation: { loss: number } }> {
  return runJson(
    ...['train', '-d', data, '--validation-data', data, '-o', folder.path('run'), '--architecture', 'marian'],
    ...['--tokenizer-kind', 'char', '--num-layers', '1', '--num-heads', '2', '--hidden-size', '8'],
    ...['-c', '12', '-b', '4', '-n', '3', '--label-smoothing', '0.1', ...DEVICE],
  );
}

test('a model with an encoder is measured on targets, as its training measured it', async () => {
  const lines = ['ab\tba\n', 'bca\tacb\n', 'c\tc\n'];
  const data = await folder.write('pairs.tsv', lines.join('').repeat(5));
  const { checkpoint, evaluation } = await trainedOn(data);
  const { models, ...report } = await runJson<{ models: readonly { total: object }[] }>(
    ...['evaluate', '-m', checkpoint, '-d', data, '-d', data, ...DEVICE],
  );
  const numTokens = 5 * (3 + 4 + 2);
  const file = { numDocuments: 15, numTokens, numBytes: 5 * 6, loss: expect.closeTo(evaluation.loss, 6) };
  expect(report).toMatchObject({ contextLength: 12, stride: null });
  expect(models).toMatchObject([{ model: checkpoint, files: [file, file] }]);
  expect(models[0]!.total).toMatchObject({ numTokens: 2 * numTokens, loss: expect.closeTo(evaluation.loss, 6) });
  const metrics = (await readFile(join(folder.path('run'), 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  const last = JSON.parse(metrics.at(-1)!) as Extract<Metric, { kind: 'evaluation' }>;
  expect(last.validationLoss).toBe(evaluation.loss);

  const { stdout, stderr } = await runCli(['evaluate', '-m', checkpoint, '-d', data, ...DEVICE]);
  expect(stdout).toContain(evaluation.loss.toFixed(4));
  expect(stderr).toMatch(/^45 tokens evaluated in /m);

  const texts = await folder.write('texts.jsonl', '{"text":"abc"}\n');
  const wrong = await runCli(['evaluate', '-m', checkpoint, '-d', texts, ...DEVICE]);
  expect(wrong.stderr).toContain(`Cannot evaluate ${texts}: it has no pairs of source and target`);
  for (const [flag, value] of [
    ['--stride', '2'],
    ['--max-tokens', '9'],
    ['--context-length', '8'],
  ] as const) {
    const refused = await runCli(['evaluate', '-m', checkpoint, '-d', data, ...DEVICE, flag, value]);
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain(`${flag} is given, but a model with an encoder reads pairs`);
  }
});
