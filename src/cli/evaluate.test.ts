import { expect, test } from 'vitest';
import { goldenPath, readGoldenJson } from '../../test/goldens.ts';
import { plain, runCli, runJson } from '../../test/run-cli.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';

interface Golden {
  readonly scored: string;
  readonly scoredIds: readonly number[];
  readonly logProbs: readonly number[];
  readonly sumLogProb: number;
  readonly perplexity: number;
}

interface Part {
  readonly numDocuments: number;
  readonly numTokens: number;
  readonly numBytes: number;
  readonly loss: number;
  readonly perplexity: number;
  readonly bitsPerToken: number;
  readonly bitsPerByte: number | null;
  readonly comparison: { readonly loss: number; readonly klDivergence: number; readonly topAgreement: number } | null;
}

interface ModelPart {
  readonly model: string;
  readonly dtype: string;
  readonly files: readonly (Part & { readonly path: string })[];
  readonly total: Part;
}

interface EvaluateJson {
  readonly contextLength: number;
  readonly stride: number;
  readonly against: string | null;
  readonly models: readonly ModelPart[];
}

/** What the only model of a command did. */
async function evaluateOne(...args: readonly string[]) {
  const { models, ...rest } = await runJson<EvaluateJson>(...args);
  expect(models).toHaveLength(1);
  return { ...rest, ...models[0]! };
}

const folder = temporaryFolder();
const golden = readGoldenJson<Golden>('models', 'llama-gqa', 'golden.json');
const ON_REFERENCE = ['evaluate', '--device', 'reference', '-m', goldenPath('models', 'llama-gqa')] as const;
const numTokens = golden.scoredIds.length - 1;
const bytesOf = (text: string) => new TextEncoder().encode(text).length;

test('kvasir evaluate --json prints the golden loss of a text', async () => {
  const path = await folder.write('text.txt', golden.scored);
  const json = await evaluateOne(...ON_REFERENCE, '-d', path);
  const [file] = json.files;
  expect(file).toMatchObject({ path, numDocuments: 1, numTokens });
  expect(file!.loss).toBeCloseTo(-golden.sumLogProb / numTokens, 4);
  expect(file!.perplexity / golden.perplexity).toBeCloseTo(1, 4);
  expect(file!.bitsPerToken).toBeCloseTo(file!.loss / Math.LN2, 10);
  // The first token is <s>: every byte of the text is predicted.
  expect(file!.numBytes).toBe(bytesOf(golden.scored));
  expect(file!.bitsPerByte).toBeCloseTo(-golden.sumLogProb / Math.LN2 / bytesOf(golden.scored), 4);
  const { path: _, ...rest } = file!;
  expect(json.total).toEqual(rest);
});

test('a longer text is read in windows, as kvasir score reads it', async () => {
  const path = await folder.write('text.txt', golden.scored);
  const windowed = ['--context-length', '16', '--stride', '5'] as const;
  const { stride, total } = await evaluateOne(...ON_REFERENCE, ...windowed, '-d', path);
  const score = await runJson<{ logProb: number }>('score', ...ON_REFERENCE.slice(1), ...windowed, '--file', path);
  expect(stride).toBe(5);
  expect(total.loss).toBeCloseTo(-score.logProb / numTokens, 10);
  const { total: half } = await evaluateOne(...ON_REFERENCE, '-d', path, '--max-tokens', '10');
  expect(half.numTokens).toBe(10);
  expect(half.loss).toBeCloseTo(-golden.logProbs.slice(0, 10).reduce((sum, one) => sum + one, 0) / 10, 4);
});

test('of completions the prompt does not count; several files are rows and a sum', async () => {
  const text = await folder.write('text.txt', golden.scored);
  const lines = [
    { prompt: 'the cat', completion: ' sat' },
    { prompt: 'the dog', completion: ' ran' },
  ];
  const answers = await folder.write('answers.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'));
  const { files, total } = await evaluateOne(...ON_REFERENCE, '-d', text, '-d', answers);
  // The tokenizer puts a space before each text.
  expect(files[1]).toMatchObject({ numDocuments: 2, numBytes: bytesOf('  sat  ran') });
  expect(total.numTokens).toBe(files[0]!.numTokens + files[1]!.numTokens);
  const sum = files.reduce((all, { loss, numTokens }) => all + loss * numTokens, 0);
  expect(total.loss).toBeCloseTo(sum / total.numTokens, 10);

  const { exitCode, stdout, stderr } = await runCli([...ON_REFERENCE, '-d', text, '-d', answers]);
  expect(exitCode).toBe(0);
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((row) => row.split(/ {2,}/));
  expect(rows.map(([name]) => name)).toEqual(['data', text, answers, 'all']);
  expect(rows[0]).toEqual(['data', 'tokens', 'size', 'loss', 'perplexity', 'bits/token', 'bits/byte']);
  expect(rows[3]![3]).toBe(total.loss.toFixed(4));
  expect(stderr).toMatch(/^\d+ tokens evaluated in \S+ s\n$/);
  const onTerminal = await runCli([...ON_REFERENCE, '-d', text], { isTerminal: true });
  expect(plain(onTerminal.stdout)).toContain('bits/byte');
});

test('several models and widths are rows, each compared with another model', async () => {
  const path = await folder.write('text.txt', golden.scored);
  const model = goldenPath('models', 'llama-gqa');
  const flags = [...ON_REFERENCE, '--dtype', 'auto', '--dtype', 'bfloat16', '--against', model, '-d', path] as const;
  const { against, models } = await runJson<EvaluateJson>(...flags);
  expect(against).toBe(model);
  expect(models.map(({ model, dtype }) => [model, dtype])).toEqual([
    [model, 'auto'],
    [model, 'bfloat16'],
  ]);
  const [same, rounded] = models.map(({ total }) => total);
  expect(same!.comparison).toMatchObject({ loss: same!.loss, klDivergence: 0, topAgreement: 1 });
  expect(rounded!.comparison!.loss).toBe(same!.loss);
  expect(rounded!.comparison!.klDivergence).toBeGreaterThan(0);

  const { stdout } = await runCli([...flags, '-d', path]);
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((row) => row.split(/ {2,}/));
  expect(rows[0]).toEqual([
    ...['model', 'dtype', 'weights', 'data', 'tokens', 'size', 'loss', 'perplexity', 'bits/token', 'bits/byte'],
    ...['Δ', 'KL', 'same top'],
  ]);
  expect(rows.slice(1).map(([name, dtype, , data]) => [name, dtype, data])).toEqual(
    ['auto', 'auto', 'bfloat16'].flatMap((dtype) => [path, path, 'all'].map((data) => [model, dtype, data])),
  );
  expect(rows[1]!.slice(-3)).toEqual(['–', '–', '–']);
  expect(rows[4]!.slice(-3)).toEqual(['+0.000 %', '0.000000', '100.00 %']);
  expect(rows[7]!.at(-2)).toBe(rounded!.comparison!.klDivergence.toFixed(6));
});

test.each<[files: Readonly<Record<string, string>>, flags: readonly string[], exitCode: number, message: string]>([
  [{}, [], 2, 'Cannot evaluate: no data are given; name a file with --data'],
  [{ 'empty.txt': '' }, [], 1, 'it is empty, wanted text'],
  [{ 'nul.txt': 'a\0b' }, [], 1, 'nul.txt'],
  [{ 'text.txt': 'the cat sat' }, ['--stride', '99999'], 1, 'the stride is 99999'],
  [{ 'text.txt': 'the cat sat' }, ['--max-tokens', '0'], 2, 'Wanted a whole number of at least 1.'],
])('kvasir evaluate of %j %j fails', async (files, flags, wanted, message) => {
  const data = await Promise.all(
    Object.entries(files).map(async ([name, text]) => ['-d', await folder.write(name, text)]),
  );
  const { exitCode, stdout, stderr } = await runCli([...ON_REFERENCE, ...data.flat(), ...flags]);
  expect(stderr).toContain(message);
  expect({ exitCode, stdout }).toEqual({ exitCode: wanted, stdout: '' });
});

test('a model is needed', async () => {
  const { exitCode, stderr } = await runCli(['evaluate', '-d', 'text.txt']);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: 'kvasir: Cannot evaluate: no model is given; name a folder with --model\n',
  });
});
