import { expect, test } from 'vitest';
import { goldenPath, readGoldenJson } from '../../test/goldens.ts';
import { runCli, runJson } from '../../test/run-cli.ts';

const MODEL = goldenPath('models', 'llama-gqa');
const golden = readGoldenJson<{ readonly prompt: string }>('models', 'llama-gqa', 'golden.json');
const ON_REFERENCE = ['generate', '--device', 'reference', '-m', MODEL] as const;
const GREEDY = [...ON_REFERENCE, '--greedy', '--ignore-eos', '-n', '24'] as const;

interface GenerateJson {
  readonly text: string;
  readonly tokenIds: readonly number[];
  readonly finishReason: string;
  readonly usage: { readonly completionTokens: number };
  readonly seed: number;
  readonly logProbs?: readonly unknown[];
}

test('Options of other systems are understood', async () => {
  const argv = [...ON_REFERENCE, '--greedy', golden.prompt];
  const { usage, logProbs } = await runJson<GenerateJson>(
    ...[...argv, '--max-tokens', '3', '--min-tokens', '3', '--logprobs'],
  );
  expect(usage.completionTokens).toBe(3);
  expect(logProbs).toHaveLength(3);
});

test('Options stop at texts and tokens', async () => {
  const { text, tokenIds } = await runJson<GenerateJson>(...GREEDY, golden.prompt);
  const stopped = await runJson<GenerateJson>(
    ...[...GREEDY, '--stop', 'never', '--stop', text.slice(2, 4), golden.prompt],
  );
  expect(stopped).toMatchObject({ text: text.slice(0, 2), finishReason: 'stop' });
  const byToken = await runJson<GenerateJson>(...GREEDY, '--stop-token-ids', `${tokenIds[4]}`, golden.prompt);
  expect(byToken.finishReason).toBe('stop');
  expect(byToken.tokenIds).toEqual(tokenIds.slice(0, tokenIds.indexOf(tokenIds[4]!) + 1));
});

test('Time ends a text with what there is', async () => {
  const { finishReason, tokenIds } = await runJson<GenerateJson>(...GREEDY, '--max-time', '0.000001', golden.prompt);
  expect(finishReason).toBe('time');
  expect(tokenIds.length).toBeLessThan(24);
});

test('The same seed draws the same text', async () => {
  const drawn = (seed: string) => runJson<GenerateJson>(...ON_REFERENCE, '-t', '1', '-n', '16', '--seed', seed, 'Hi');
  const [first, again, other] = [await drawn('7'), await drawn('7'), await drawn('8')];
  expect(first.seed).toBe(7);
  expect(again.tokenIds).toEqual(first.tokenIds);
  expect(other.tokenIds).not.toEqual(first.tokenIds);
});

test('What is forced, forbidden and allowed shows in the text', async () => {
  const { tokenIds } = await runJson<GenerateJson>(...GREEDY, golden.prompt);
  const [first] = tokenIds;
  const without = await runJson<GenerateJson>(...GREEDY, '--suppress-tokens', `${first}`, golden.prompt);
  expect(without.tokenIds).not.toContain(first);
  const biased = await runJson<GenerateJson>(...GREEDY, '--logit-bias', '7=100', '--logit-bias', '8=50', golden.prompt);
  expect(new Set(biased.tokenIds)).toEqual(new Set([7]));
  const allowed = await runJson<GenerateJson>(...GREEDY, '--allowed-token-ids', '5,6', golden.prompt);
  expect(allowed.tokenIds.every((id) => id === 5 || id === 6)).toBe(true);
  const ended = await runJson<GenerateJson>(...GREEDY, '--forced-eos-token-id', '9', golden.prompt);
  expect(ended.tokenIds.at(-1)).toBe(9);
  const noWord = await runJson<GenerateJson>(...GREEDY, '--bad-words-ids', `${first}`, golden.prompt);
  expect(noWord.tokenIds).toEqual(without.tokenIds);
});

test.each([
  [['--top-p', '2'], 'Cannot generate: --top-p is 2, but it must be above 0 and at most 1'],
  [['--min-new-tokens', '9', '-n', '3'], 'Cannot generate: --min-new-tokens is 9, but --max-new-tokens is 3'],
  [['--ignore-eos', '--eos-token-id', '1'], 'Cannot generate: --ignore-eos is true, but --eos-token-id is given too'],
  [['--greedy', '--temperature', '0.5'], 'Cannot generate: --greedy and --temperature 0.5 contradict each other'],
  [['--tempreature', '1'], "unknown option '--tempreature'\n(Did you mean --temperature?)"],
  [
    ['--top-k', 'many'],
    "option '-k, --top-k <count>' argument 'many' is invalid. Wanted a whole number of at least 0.",
  ],
  [['--temperature', 'hot'], "option '-t, --temperature <number>' argument 'hot' is invalid. Wanted a number."],
  [['--device', 'wasn'], 'Unknown, did you mean "wasm"? Known: wasm, reference.'],
  [['--dtype', 'int3'], 'Known: auto, float32, bfloat16, float16, int8, int8-row, int4'],
  [['--threads', '0'], 'Wanted a whole number of at least 1.'],
  [['--token-ids', '1,x'], 'Wanted a whole number of at least 0.'],
  [['--mirostat', '3'], 'Known: 0, 1, 2.'],
  [['--early-stopping', 'Once upon'], 'Known: never.'],
  [['--logit-bias', '7'], 'Wanted a token id and its bias, as 50256=-100.'],
  [['--logit-bias', '7=500'], 'Cannot generate: --logit-bias is 500, but it must be from -100 to 100'],
  [['--sequence-bias', '7,8'], 'Wanted token ids and their bias, as 464,3290=-5.'],
  [['--exponential-decay-length-penalty', '20'], 'Wanted two numbers with a comma between them.'],
  [['--watermark', 'Once upon'], 'Wanted settings as name=value with commas between them, or a JSON object.'],
  [['--watermark', '{"bias"'], 'Wanted settings as name=value with commas between them, or a JSON object.'],
  [
    ['--watermark', 'bais=3'],
    'Cannot generate: --watermark is an object with the unknown setting "bais", did you mean "bias"?',
  ],
  [['--processor-order', 'topK,topPe'], 'Unknown, did you mean "topP"?'],
  [['--n', '2', '--num-return-sequences', '3'], '--num-return-sequences is 3 and --n is 2, but they are one option'],
  [
    ['--n', '2', '--greedy'],
    'Cannot generate: --num-return-sequences is 2 and --temperature is 0, but without drawing or beams all would be the same',
  ],
  [
    ['--n', '3', '--num-beams', '2'],
    '--num-return-sequences is 3 and --num-beams is 2, but each sequence takes a beam',
  ],
  [['--num-beams', '4', '--num-beam-groups', '3'], 'the beams must be divisible into groups of one size'],
  [['--num-beams', '4', '--diversity-penalty', '1'], 'it is groups of beams that it keeps apart'],
  [['--length-penalty', '2'], '--length-penalty is 2 and --num-beams is 1, but without --num-beams it has no effect'],
  [['--penalty-alpha', '0.6', '--num-beams', '2', '-k', '4'], 'contrastive search has no beams'],
  [['--best-of', '4', '--greedy'], '--best-of is 4 and --temperature is 0, but without drawing'],
  [['--mirostat', '2', '--top-k', '5'], '--mirostat is 2 and --top-k is 5, but Mirostat steers by a cut of its own'],
  [['--negative-prompt', 'temperature'], '--negative-prompt is "temperature" and --guidance-scale is 1'],
  [['--prompt-lookup', '--num-beams', '2'], '--prompt-lookup is 10 and --num-beams is 2, but beams cannot be guessed'],
  [
    ['--max-matching-ngram-size', '3'],
    '--max-matching-ngram-size is 3 and --prompt-lookup is 0, but without --prompt-lookup it has no effect',
  ],
  [['--allowed-token-ids', '999', 'Hi'], '--allowed-token-ids has the token 999, but the model has 409 tokens'],
  [['--num-beams', '40', '-n', '1', 'Hi'], 'it has 40 sequences, but --max-num-sequences is 32'],
  [['--context-length', '129'], 'Cannot load a model: --context-length is 129, wanted 1 to 128'],
  [['--cache-tokens', '12'], 'Cannot load a model: --cache-tokens is 12, wanted at least --context-length, 128'],
  [
    ['--max-num-sequences', '300'],
    'Cannot start the engine: --max-num-sequences is 300, wanted at most --max-num-batched-tokens, 256',
  ],
])('kvasir generate %j is a wrong command', async (options, message) => {
  const { exitCode, stdout, stderr } = await runCli([...ON_REFERENCE, ...options]);
  expect({ exitCode, stdout: stdout.trim() }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toMatch(/^kvasir: /);
  expect(stderr).toContain(message);
});

test('What only some models cannot do is refused before any model is loaded only where none could', async () => {
  const nowhere = ['generate', '-m', './no/such/model'];
  const { exitCode, stderr } = await runCli([...nowhere, '--greedy', '--best-of', '2']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining('without drawing') });
  const perhaps = await runCli([...nowhere, '--n', '2']);
  expect(perhaps).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('there is no such folder') });
});

test('An unknown command suggests a known one', async () => {
  const { exitCode, stderr } = await runCli(['generat']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain("kvasir: unknown command 'generat'\n(Did you mean generate?)");
});
