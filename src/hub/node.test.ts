import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { COMMIT, FakeHub } from '../../test/fixtures/fake-hub.ts';
import { resolveModel } from './node.ts';
import type { HubProgress, ResolveOptions } from './resolve-options.ts';

const WEIGHTS = Buffer.from(Uint8Array.from({ length: 500_000 }, (_, i) => (i * 7919) >>> 5));

let hub: FakeHub;
let cacheDirectory: string;
beforeEach(async () => {
  cacheDirectory = await mkdtemp(join(tmpdir(), 'kvasir-'));
  for (const name of ['HF_TOKEN', 'HF_HUB_OFFLINE', 'HF_ENDPOINT', 'HF_HUB_CACHE']) vi.stubEnv(name, '');
  vi.stubEnv('HF_HOME', join(cacheDirectory, 'home'));
  hub = new FakeHub();
  hub.put('README.md', 'not needed');
  hub.put('config.json', '{"model_type":"gpt2"}');
  hub.put('tokenizer.json', `{"padding":"${'x'.repeat(2000)}"}`);
  hub.put('model.safetensors', WEIGHTS);
  hub.put('pytorch_model.bin', WEIGHTS);
  await hub.start();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.stop();
  await rm(cacheDirectory, { recursive: true });
});

const resolve = (options: ResolveOptions = {}, id = 'org/tiny') =>
  resolveModel(id, { endpoint: hub.endpoint, cacheDirectory, ...options });
const blobs = () => readdir(join(cacheDirectory, 'models--org--tiny/blobs'));
const blob = (name: string) => join(cacheDirectory, 'models--org--tiny/blobs', hub.hashOf(name));
const downloads = () => hub.requests.filter((request) => request.includes('/store/model.safetensors'));

describe('a path', () => {
  test('to a folder is returned as it is', async () => {
    expect(await resolveModel(cacheDirectory)).toBe(cacheDirectory);
  });

  test('to a file is refused', async () => {
    const file = join(cacheDirectory, 'model.safetensors');
    await writeFile(file, '');
    await expect(resolveModel(file)).rejects.toThrow(`Cannot use ${file} as a model: it is a file, wanted a folder`);
  });

  test.each(['./models/gpt2', '/no/such/folder', '../no-such-model', 'a/b/c', 'C:\\models', '~/x'])(
    '%s to nothing says so',
    async (path) => {
      await expect(resolveModel(path)).rejects.toThrow(`Cannot find the model ${path}: there is no such folder`);
    },
  );
});

describe('a hub id', () => {
  test('is downloaded into the layout that Python shares, and only what is needed', async () => {
    const folder = await resolve();
    const model = join(cacheDirectory, 'models--org--tiny');
    expect(folder).toBe(join(model, 'snapshots', COMMIT));
    expect((await readdir(folder)).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
    expect(await readlink(join(folder, 'model.safetensors'))).toBe(`../../blobs/${hub.hashOf('model.safetensors')}`);
    expect(WEIGHTS.equals(await readFile(join(folder, 'model.safetensors')))).toBe(true);
    expect(await readFile(join(model, 'refs/main'), 'utf8')).toBe(COMMIT);
    expect(await blobs()).toHaveLength(3);
  });

  test('is found in the cache the second time', async () => {
    await resolve();
    hub.requests.length = 0;
    const events: HubProgress[] = [];
    await resolve({ onProgress: (event) => events.push(event) });
    expect(hub.requests.every((request) => request.startsWith('/api/'))).toBe(true);
    expect(events.map(({ status }) => status)).toEqual(['cached', 'cached', 'cached']);
  });

  test('reports its progress', async () => {
    const events: HubProgress[] = [];
    await resolve({ onProgress: (event) => events.push(event) });
    const weights = events.filter(({ file }) => file === 'model.safetensors');
    expect(weights[0]).toEqual({ status: 'downloading', file: 'model.safetensors', loaded: 0, total: 500_000 });
    expect(weights.at(-1)).toEqual({ status: 'done', file: 'model.safetensors', loaded: 500_000, total: 500_000 });
    const loaded = weights.map((event) => event.loaded);
    expect(loaded).toEqual(loaded.toSorted((a, b) => a - b));
  });

  test('may name a revision', async () => {
    expect(await resolve({}, 'org/tiny@v1')).toContain(COMMIT);
    expect(await resolve({ revision: COMMIT })).toContain(COMMIT);
    expect(await readdir(join(cacheDirectory, 'models--org--tiny/refs'))).toEqual(['v1']);
    await expect(resolve({ revision: 'main' }, 'org/tiny@v1')).rejects.toThrow(TypeError);
    await expect(resolve({ revision: '../main' })).rejects.toThrow('wanted a branch, a tag or a commit');
  });

  test('with shards brings those of its index', async () => {
    hub.files.delete('model.safetensors');
    hub.put('one.safetensors', '1');
    hub.put('two.safetensors', '2');
    hub.put('consolidated.safetensors', '3');
    hub.put('model.safetensors.index.json', '{"weight_map":{"a":"one.safetensors","b":"two.safetensors"}}');
    const names = await readdir(await resolve());
    expect(names).toContain('one.safetensors');
    expect(names).toContain('two.safetensors');
    expect(names).not.toContain('consolidated.safetensors');
    hub.files.delete('two.safetensors');
    await expect(resolve()).rejects.toThrow(
      'Cannot download org/tiny: its index names two.safetensors, which it does not have',
    );
  });

  test('without safetensors says what it has', async () => {
    hub.files.delete('model.safetensors');
    await expect(resolve()).rejects.toThrow(
      'Cannot download org/tiny: it has neither model.safetensors nor model.safetensors.index.json, but pytorch_model.bin',
    );
  });

  test('whose index leads out of the folder is refused', async () => {
    hub.files.delete('model.safetensors');
    hub.put('model.safetensors.index.json', '{"weight_map":{"a":"../../x.safetensors"}}');
    await expect(resolve()).rejects.toThrow(SyntaxError);
  });

  test.each([
    [404, undefined, 'the hub answered 404, there is no such model or revision, nor a folder of this name here'],
    [401, undefined, 'the hub answered 401, it is private, gated or does not exist; set HF_TOKEN to an access token'],
    [401, 'old', 'the hub answered 401, the token is not valid'],
    [403, 'mine', 'the hub answered 403, the token gives no access to it; ask for access on its page'],
  ])('that the hub refuses with %d (token %s)', async (status, token, message) => {
    hub.status = status;
    await expect(resolve({ token })).rejects.toThrow(`Cannot download org/tiny@main: ${message}`);
  });

  test('sends its token to the hub and to nobody else', async () => {
    hub.requiredToken = 'secret';
    await expect(resolve()).rejects.toThrow('401');
    // The store of the fake hub refuses requests with a token.
    await resolve({ token: 'secret' });
    expect(downloads()).toHaveLength(1);
    vi.stubEnv('HF_TOKEN', 'secret');
    await rm(join(cacheDirectory, 'models--org--tiny'), { recursive: true });
    await resolve();
  });

  test('an aborted signal stops before anything is asked', async () => {
    await expect(resolve({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    expect(hub.requests).toEqual([]);
  });
});

describe('a hub id with GGUF files', () => {
  const chosen = (file: string) => join(cacheDirectory, 'models--org--tiny/snapshots', COMMIT, file);
  const put = (...names: readonly string[]) => {
    for (const name of names) hub.put(name, name);
  };
  beforeEach(() => hub.files.delete('model.safetensors'));

  test('brings the only one, and nothing else', async () => {
    put('tiny.Q8_0.gguf', 'mmproj-F16.gguf', 'imatrix.gguf');
    expect(await resolve()).toBe(chosen('tiny.Q8_0.gguf'));
    expect(await readdir(chosen(''))).toEqual(['tiny.Q8_0.gguf']);
    expect(await resolve({ offline: true })).toBe(chosen('tiny.Q8_0.gguf'));
  });

  test('brings the one that its type or its name chooses, beside safetensors too', async () => {
    hub.put('model.safetensors', WEIGHTS);
    put('tiny-Q4_0.gguf', 'tiny-Q8_0.gguf', 'tiny-IQ4_0.gguf');
    expect(await resolve({}, 'org/tiny:q4_0')).toBe(chosen('tiny-Q4_0.gguf'));
    expect(await resolve({}, 'org/tiny@v1:tiny-Q8_0.gguf')).toBe(chosen('tiny-Q8_0.gguf'));
    expect(downloads()).toHaveLength(0);
    expect(await resolve({ offline: true }, 'org/tiny:Q4_0')).toBe(chosen('tiny-Q4_0.gguf'));
    await expect(resolve({ offline: true }, 'org/tiny:IQ4_0')).rejects.toThrow('its GGUF files are');
  });

  test('brings all parts of one that is split', async () => {
    put('t-Q4_0-00001-of-00002.gguf', 't-Q4_0-00002-of-00002.gguf', 't-F16.gguf');
    expect(await resolve({}, 'org/tiny:Q4_0')).toBe(chosen('t-Q4_0-00001-of-00002.gguf'));
    expect(await resolve({}, 'org/tiny:t-Q4_0-00002-of-00002.gguf')).toBe(chosen('t-Q4_0-00001-of-00002.gguf'));
    expect(await readdir(chosen(''))).toEqual(['t-Q4_0-00001-of-00002.gguf', 't-Q4_0-00002-of-00002.gguf']);
    hub.files.delete('t-Q4_0-00002-of-00002.gguf');
    await expect(resolve({}, 'org/tiny:Q4_0')).rejects.toThrow(
      'Cannot download org/tiny: it has 1 of the 2 parts of t-Q4_0.gguf',
    );
  });

  test('that leave a choice says what there is', async () => {
    put('tiny-Q4_0.gguf', 'tiny-Q8_0.gguf');
    const list = 'its GGUF files are tiny-Q4_0.gguf, tiny-Q8_0.gguf';
    await expect(resolve()).rejects.toThrow(`choose one, as org/tiny:Q4_0 or org/tiny:tiny-Q4_0.gguf; ${list}`);
    await expect(resolve({}, 'org/tiny:Q6_K')).rejects.toThrow(`it has no GGUF file "Q6_K"; ${list}`);
    put('other-Q4_0.gguf');
    await expect(resolve({}, 'org/tiny:Q4_0')).rejects.toThrow('it has 2 GGUF files "Q4_0"');
  });
});

describe('without a network', () => {
  test('the cached state is used', async () => {
    const folder = await resolve();
    await hub.stop();
    expect(await resolveModel('org/tiny', { endpoint: 'http://127.0.0.1:1', cacheDirectory })).toBe(folder);
    expect(await resolveModel('org/tiny', { offline: true, cacheDirectory })).toBe(folder);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await resolveModel('org/tiny', { revision: COMMIT, cacheDirectory })).toBe(folder);
  });

  test('a hub that is down counts as none', async () => {
    const folder = await resolve();
    hub.status = 503;
    expect(await resolve()).toBe(folder);
  });

  test('a model that is not in the cache is an error', async () => {
    await expect(resolveModel('org/tiny', { offline: true, cacheDirectory })).rejects.toThrow(
      `Cannot find the model org/tiny@main: there is no such folder, ${cacheDirectory} does not have it, and offline mode is on`,
    );
    await expect(resolveModel('org/tiny', { endpoint: 'http://127.0.0.1:1', cacheDirectory })).rejects.toThrow(
      'the hub cannot be reached (',
    );
  });

  test('half a model is not in the cache', async () => {
    hub.mishaps.set('model.safetensors', [{ kind: 'status', status: 404 }]);
    await expect(resolve()).rejects.toThrow('404');
    await expect(resolve({ offline: true })).rejects.toThrow('offline mode is on');
  });
});

describe('a download that is interrupted', () => {
  test('is continued at once where the connection was cut', async () => {
    hub.mishaps.set('model.safetensors', [
      { kind: 'cut', after: 100_000 },
      { kind: 'status', status: 502 },
    ]);
    const folder = await resolve();
    expect(WEIGHTS.equals(await readFile(join(folder, 'model.safetensors')))).toBe(true);
    expect(downloads()).toHaveLength(3);
    expect(downloads()[2]).toMatch(/bytes=[1-9]\d*-$/);
  });

  test('leaves its part after an abort, and the next one continues it', async () => {
    hub.mishaps.set('model.safetensors', [{ kind: 'hang', after: 200_000 }]);
    const controller = new AbortController();
    const onProgress = ({ file, loaded }: HubProgress) => {
      if (file === 'model.safetensors' && loaded >= 100_000) controller.abort(new Error('enough'));
    };
    await expect(resolve({ signal: controller.signal, onProgress })).rejects.toThrow('enough');
    const { size } = await lstat(`${blob('model.safetensors')}.incomplete`);
    expect(size).toBeGreaterThanOrEqual(100_000);
    await expect(lstat(blob('model.safetensors'))).rejects.toThrow('ENOENT');
    const folder = await resolve();
    expect(downloads()).toEqual(['/store/model.safetensors', `/store/model.safetensors bytes=${size}-`]);
    expect(WEIGHTS.equals(await readFile(join(folder, 'model.safetensors')))).toBe(true);
    expect(await blobs()).toHaveLength(3);
  });

  test('begins anew if the server cannot continue', async () => {
    await mkdir(join(cacheDirectory, 'models--org--tiny/blobs'), { recursive: true });
    await writeFile(`${blob('model.safetensors')}.incomplete`, WEIGHTS.subarray(0, 1000));
    hub.mishaps.set('model.safetensors', [{ kind: 'no-range' }]);
    expect(WEIGHTS.equals(await readFile(join(await resolve(), 'model.safetensors')))).toBe(true);
  });

  test('never takes wrong bytes for right ones', async () => {
    await mkdir(join(cacheDirectory, 'models--org--tiny/blobs'), { recursive: true });
    await writeFile(`${blob('model.safetensors')}.incomplete`, Buffer.alloc(1000));
    await expect(resolve()).rejects.toThrow(
      /^Cannot download model.safetensors of org\/tiny: its sha256 hash is [0-9a-f]{64}, wanted [0-9a-f]{64}$/,
    );
    hub.mishaps.set('config.json', [{ kind: 'corrupt' }]);
    await rm(join(cacheDirectory, 'models--org--tiny'), { recursive: true });
    await expect(resolve()).rejects.toThrow(/^Cannot download config.json of org\/tiny: its git hash is /);
    expect(await blobs()).toEqual([]);
    expect(WEIGHTS.equals(await readFile(join(await resolve(), 'model.safetensors')))).toBe(true);
  });
});

test('two that download the same at the same time both get it whole', async () => {
  const folders = await Promise.all([resolve(), resolve(), resolve()]);
  expect(new Set(folders).size).toBe(1);
  expect(WEIGHTS.equals(await readFile(join(folders[0]!, 'model.safetensors')))).toBe(true);
  expect(await blobs()).toHaveLength(3);
});
