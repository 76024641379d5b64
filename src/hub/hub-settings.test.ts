import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hubSettings } from './hub-settings.ts';

const NOWHERE = { HF_HOME: '/no/such/home' };

test('without options and variables, the defaults of Python', async () => {
  const settings = await hubSettings({}, { XDG_CACHE_HOME: '' });
  expect(settings.cacheDirectory).toBe(join(homedir(), '.cache/huggingface/hub'));
  expect(settings.endpoint).toBe('https://huggingface.co');
  expect(settings.isOffline).toBe(false);
});

test.each([
  [{ XDG_CACHE_HOME: '/x' }, '/x/huggingface/hub'],
  [{ XDG_CACHE_HOME: '/x', HF_HOME: '~/h' }, join(homedir(), 'h/hub')],
  [{ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old' }, '/old'],
  [{ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '/c' }, '/c'],
])('%j keeps models in %s', async (environment, directory) => {
  expect((await hubSettings({}, environment)).cacheDirectory).toBe(directory);
});

test('options go before variables', async () => {
  const environment = { ...NOWHERE, HF_HUB_CACHE: '/c', HF_ENDPOINT: 'https://a', HF_TOKEN: 't', HF_HUB_OFFLINE: '1' };
  const options = { cacheDirectory: '/mine', endpoint: 'https://b/', token: 'u', offline: false };
  expect(await hubSettings(options, environment)).toEqual({
    cacheDirectory: '/mine',
    endpoint: 'https://b',
    token: 'u',
    isOffline: false,
  });
});

test.each([
  ['1', true],
  ['true', true],
  ['Yes', true],
  ['0', false],
  ['', false],
])('HF_HUB_OFFLINE=%s', async (value, isOffline) => {
  expect((await hubSettings({}, { ...NOWHERE, HF_HUB_OFFLINE: value })).isOffline).toBe(isOffline);
});

test('the token comes from a variable or a file', async () => {
  const home = await mkdtemp(join(tmpdir(), 'kvasir-'));
  const tokenOf = async (environment: Record<string, string>) => (await hubSettings({}, environment)).token;
  expect(await tokenOf({ HF_HOME: home })).toBeUndefined();
  await writeFile(join(home, 'token'), 'from-home\n');
  await writeFile(join(home, 'other'), 'from-path\n');
  expect(await tokenOf({ HF_HOME: home })).toBe('from-home');
  expect(await tokenOf({ HF_HOME: home, HF_TOKEN_PATH: join(home, 'other') })).toBe('from-path');
  expect(await tokenOf({ HF_HOME: home, HF_TOKEN: ' direct ' })).toBe('direct');
  await rm(home, { recursive: true });
});
