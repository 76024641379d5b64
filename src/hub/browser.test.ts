import { expect, test } from 'vitest';
import { resolveModel } from './browser.ts';

test.each([
  ['https://host/models/gpt2/', 'https://host/models/gpt2'],
  ['/models/gpt2', '/models/gpt2'],
  ['./models/gpt2', './models/gpt2'],
  ['org/name', 'https://huggingface.co/org/name/resolve/main'],
  ['org/name:m-Q4_0.gguf', 'https://huggingface.co/org/name/resolve/main/m-Q4_0.gguf'],
  ['org/name@refs/pr/1', 'https://huggingface.co/org/name/resolve/refs%2Fpr%2F1'],
])('%s is %s', async (model, url) => {
  expect(await resolveModel(model)).toBe(url);
});

test('takes another hub', async () => {
  expect(await resolveModel('gpt2', { endpoint: 'https://mirror/' })).toBe('https://mirror/gpt2/resolve/main');
});

test('refuses what a browser cannot do', async () => {
  await expect(resolveModel('org/name', { token: 'x' })).rejects.toThrow(
    'Cannot resolve org/name: a browser has no use for the option token',
  );
  await expect(resolveModel('org/name:Q4_0')).rejects.toThrow(
    'in a browser the GGUF file must be named, as org/name:model-Q4_0.gguf',
  );
  await expect(resolveModel('stories')).rejects.toThrow(
    'Cannot resolve "stories": in a browser its files must be served; serve the package\'s models/stories, and give its URL',
  );
  await expect(resolveModel('a/b/c')).rejects.toThrow('wanted a URL, a path that begins with "/" or ".", or org/name');
  await expect(resolveModel('gpt2', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});
