import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli, runJson } from '../../../test/run-cli.ts';
import { saveTinyTranslator } from '../../../test/save-tiny-translator.ts';
import { LLM } from '../../llm/llm.ts';

const TEXTS = ['w5 w9 w31', '', 'w8 w8 w40 w12'];
let folder: string;
let model: string;
let wanted: string[];
const on = (...argv: string[]) => ['--threads', '1', '-m', model, ...argv];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
  model = await saveTinyTranslator(join(folder, 'model'));
  await using llm = await LLM.load(model, { threads: 1 });
  wanted = (await llm.translate(TEXTS)).map(({ text }) => text);
});
afterAll(() => rm(folder, { recursive: true }));

test('a text, with the beams that the model asks for, and as it comes', async () => {
  const { stdout, exitCode, stderr } = await runCli(['translate', ...on(TEXTS[0]!)]);
  expect([stdout, exitCode]).toEqual([`${wanted[0]}\n`, 0]);
  expect(wanted[0]).toMatch(/^w\d+( w\d+)*$/);
  expect(stderr).toMatch(/^prompt: 5 tokens, .* score: -\d/);
  await using llm = await LLM.load(model, { threads: 1 });
  const { text } = await llm.transduce(TEXTS[0]!, { numBeams: 1 });
  expect((await runCli(['transduce', ...on('--num-beams', '1', TEXTS[0]!)])).stdout).toBe(`${text}\n`);
});

test('a line for each line, of a file and of stdin', async () => {
  const input = join(folder, 'input.txt');
  await writeFile(input, `${TEXTS.join('\n')}\n`);
  const lines = `${wanted.join('\n')}\n`;
  expect((await runCli(['translate', ...on('-f', input)])).stdout).toBe(lines);
  expect((await runCli(['translate', ...on('-')], { stdin: TEXTS.join('\r\n') })).stdout).toBe(lines);
  const whole = await runCli(['translate', ...on('-f', input, '--whole')]);
  expect(whole.stdout.trimEnd().split('\n')).toHaveLength(1);
});

test('several sequences of a text, and of each line', async () => {
  const one = await runCli(['translate', ...on('--n', '2', TEXTS[0]!)]);
  expect(one.stdout).toMatch(new RegExp(`^\\[1\\] score -\\S+\\n${wanted[0]}\\n\\n\\[2\\] score -\\S+\\n.+\\n$`));
  const lines = await runCli(['translate', ...on('--n', '2', '-')], { stdin: `${TEXTS[0]}\n${TEXTS[2]}` });
  const rows = lines.stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  expect(rows.map(([number, , text]) => [number, text]).filter((_, i) => i % 2 === 0)).toEqual([
    ['1', wanted[0]],
    ['2', wanted[2]],
  ]);
  expect(rows).toHaveLength(4);
});

test('--json', async () => {
  interface Made {
    readonly text: string;
    readonly sourceIds: readonly number[];
    readonly score: number;
  }
  const one = await runJson<Made>('translate', ...on(TEXTS[0]!));
  expect(one).toMatchObject({ text: wanted[0], sourceIds: [5, 9, 31, 2], score: expect.any(Number) });
  const several = await runJson<Made[]>('transduce', ...on('--token-ids', '5,9,31,2', '--token-ids', '8,8,40,12,2'));
  expect(several.map(({ text }) => text)).toEqual([wanted[0], wanted[2]]);
});

test('--attentions writes a page that needs nothing else', async () => {
  const page = join(folder, 'map.html');
  const { stdout } = await runCli(['translate', ...on('--attentions', page, '--num-beams', '1', 'w5 <b> w31')]);
  const html = await readFile(page, 'utf8');
  expect(html).toContain('<h2>w5 &lt;b&gt; w31</h2>');
  expect(html).toContain(`<p class="target">${stdout.trimEnd()}</p>`);
  expect(html.match(/<img [^>]*src="data:image\/bmp;base64,Qk/g)).toHaveLength(2);
  expect(html).not.toMatch(/<script|https?:/);
  const numTokens = stdout.trimEnd().split(' ').length;
  // The token that ends the target has a row too, unless the length did.
  const numRows = html.match(/<tbody>.*<\/tbody>/s)![0].match(/<tr>/g)!.length;
  expect(numRows - numTokens).toBeLessThanOrEqual(1);
  expect(html.match(/<td class="best"/g)).toHaveLength(numRows);
});

test('languages', async () => {
  const many = await saveTinyTranslator(join(folder, 'many'), { languages: ['en', 'fr'] });
  const argv = ['translate', '--threads', '1', '-m', many, '--from', 'en'];
  await using llm = await LLM.load(many, { threads: 1 });
  const { text, sourceIds, tokenIds } = await llm.translate('w9 w7', { from: 'en', to: 'fr' });
  expect([sourceIds, tokenIds[0]]).toEqual([[4, 9, 7, 2], 5]);
  expect((await runCli([...argv, '--to', 'fr', 'w9 w7'])).stdout).toBe(`${text}\n`);
  const unknown = await runCli([...argv, '--to', 'fra', 'w9 w7']);
  expect(unknown).toMatchObject({ exitCode: 1, stdout: '' });
  expect(unknown.stderr).toContain('Cannot find the language "fra", did you mean "fr"?; this model has en, fr');
  const missing = await runCli([...argv, 'w9 w7']);
  expect(missing.stderr).toContain('its language is missing, wanted');
  const useless = await runCli(['translate', ...on('--to', 'fr', 'w9')]);
  expect(useless.stderr).toContain('is "fr", but this model has no tokens for languages');
});

test('kvasir inspect tells the parameters, the settings and the languages', async () => {
  const many = await saveTinyTranslator(join(folder, 'inspected'), { languages: ['en', 'fr'] });
  const facts = await runJson<Record<string, unknown>>('inspect', many);
  expect(facts).toMatchObject({
    architecture: 'm2m_100',
    languages: ['en', 'fr'],
    generation: { values: { numBeams: 3 } },
  });
  expect(facts.numParameters).toBeGreaterThan(1000);
  expect((await runCli(['inspect', many])).stdout).toContain('Languages\n  en, fr\n');
});

test('kvasir transduce takes the bundled model where none is given, and says so', async () => {
  const { stdout, stderr } = await runCli(['transduce', 'half past two on the third of March 1998']);
  expect(stdout).toBe('1998-03-03T02:30\n');
  expect(stderr).toContain('no --model given; this is the bundled model "normal-forms"');
});

test('what is wrong with a command is said', async () => {
  const fails = async (...argv: string[]) => (await runCli(argv)).stderr;
  expect(await fails('translate', 'w5')).toContain('Cannot translate: there is no model; wanted --model <folder>');
  expect(await fails('translate', ...on())).toContain('Cannot read the text: there is none');
  expect(await fails('translate', ...on('--whole', 'w5'))).toContain('--whole is of a file or stdin');
  expect(await fails('translate', ...on('-f', 'a', 'w5'))).toContain('it is given in 2 ways');
  expect(await fails('translate', ...on('--max-length', '1', 'w5'))).toContain('--max-length is 1');
  expect(await fails('translate', ...on(Array(60).fill('w5').join(' ')))).toContain(
    'its source has 61 tokens, but the model takes at most 48',
  );
});
