import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { optionOf } from '../flags.ts';
import { inFolder, readRunFile } from './read-run-file.ts';
import { type RunCommand, SETTINGS } from './run-settings.ts';
import { flagOf } from './setting.ts';

const folder = temporaryFolder();
const TOML = `
preset = "shakespeare-char-cpu"
output = "runs/one"
maxSteps = 500         # for a start
learningRate = 2e-3
recompute = true
samplePrompt = ["ROMEO:", "\\n"]

[[data]]
path = "stories.jsonl"
weight = 3

[[data]]
path = "de.txt"
target = "/data/en.txt"
`;

test('a run file is TOML or JSON, its paths relative to its folder', async () => {
  const { preset, settings } = await readRunFile(await folder.write('run.toml', TOML), 'train');
  expect(preset).toBe('shakespeare-char-cpu');
  expect(settings).toEqual({
    ...{
      output: folder.path('runs/one'),
      maxSteps: 500,
      learningRate: 2e-3,
      recompute: true,
      samplePrompt: ['ROMEO:', '\n'],
    },
    data: [
      { path: folder.path('stories.jsonl'), target: undefined, weight: 3 },
      { path: folder.path('de.txt'), target: '/data/en.txt', weight: undefined },
    ],
  });
  const json = await folder.write('run.json', '{ "data": ["a.txt", "b.txt=2"], "clipNorm": "none" }');
  expect((await readRunFile(json, 'train')).settings).toEqual({
    data: [{ path: folder.path('a.txt') }, { path: folder.path('b.txt'), weight: 2 }],
    clipNorm: 'none',
  });
});

test('of models only paths are relative to the folder', () => {
  expect(inFolder('/runs', { model: './gpt2' }).model).toBe('/runs/gpt2');
  expect(inFolder('runs', { model: '../gpt2' }).model).toBe('./gpt2');
  expect(inFolder('runs', { model: 'openai-community/gpt2' }).model).toBe('openai-community/gpt2');
  expect(inFolder('', { model: './gpt2', data: [{ path: 'a.txt' }] })).toMatchObject({
    model: './gpt2',
    data: [{ path: 'a.txt' }],
  });
});

test.each<[name: string, text: string, message: string]>([
  ['run.toml', 'maxStep = 5', 'unknown option "maxStep", did you mean "maxSteps"?'],
  ['run.toml', 'learning_rate = 5', 'unknown option "learning_rate", did you mean "learningRate"?'],
  ['run.toml', 'model = "./gpt2"', 'unknown option "model"'],
  ['run.toml', 'maxSteps = "5"', 'maxSteps is "5", but it must be a number'],
  ['run.toml', 'dropout = 1', 'dropout is 1, but it must be from 0 to below 1'],
  ['run.toml', 'schedule = "cosinus"', 'schedule is "cosinus", but it must be "constant", "linear", "cosine" or'],
  [
    'run.toml',
    'preset = "shakespeare"',
    'preset is "shakespeare", but it must be "shakespeare-char-cpu", "shakespeare-char"',
  ],
  ['run.toml', 'output = ""', 'output is "", but it must not be empty'],
  ['run.toml', 'data = 5', 'data is 5, but it must be a path or an object with a path'],
  ['run.toml', 'data = [{ weight = 2 }]', 'but it must be a path or an object with a path'],
  ['run.toml', 'data = [{ path = "a", weight = 0 }]', 'weight is 0, but it must be a number above 0'],
  ['run.toml', 'data = [{ path = "a", wieght = 2 }]', 'unknown option "wieght", did you mean "weight"?'],
  ['run.toml', 'data = []', 'data is [], but it must name a file'],
  ['run.toml', 'maxSteps = ', 'run.toml: not valid TOML ('],
  ['run.json', '{ "maxSteps": 5, }', 'run.json: not valid JSON ('],
  ['run.json', '[1]', 'but it must be an object'],
  ['run.yaml', 'maxSteps: 5', 'run.yaml is: wanted a name that ends with .toml or .json'],
])('%s with %j is refused', async (name, text, message) => {
  const location = await folder.write(name, text);
  await expect(readRunFile(location, 'train')).rejects.toThrow(message);
  await expect(readRunFile(location, 'train')).rejects.toThrow(location);
});

test('a run file that is not there is named', async () => {
  const location = join(folder.path('nowhere'), 'run.toml');
  await expect(readRunFile(location, 'train')).rejects.toThrow(`Cannot read ${location}: there is no such file`);
});

test.each(Object.keys(SETTINGS) as RunCommand[])(
  'each key of a run file of %s is its flag in camel case',
  (command) => {
    for (const [key, setting] of Object.entries(SETTINGS[command])) expect(optionOf(flagOf(setting))).toBe(key);
  },
);
