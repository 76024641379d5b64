import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { COMMIT, FakeHub } from '../../test/fixtures/fake-hub.ts';
import { plain, runCli } from '../../test/run-cli.ts';

let hub: FakeHub;
let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'kvasir-'));
  hub = new FakeHub();
  hub.put('config.json', '{"model_type":"gpt2"}');
  hub.put('model.safetensors', Buffer.alloc(300_000, 7));
  await hub.start();
  for (const name of ['HF_TOKEN', 'HF_HUB_OFFLINE', 'HF_HUB_CACHE']) vi.stubEnv(name, '');
  vi.stubEnv('HF_HOME', home);
  vi.stubEnv('HF_ENDPOINT', hub.endpoint);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.stop();
  await rm(home, { recursive: true });
});

test('kvasir pull downloads a model and prints its folder', async () => {
  const { exitCode, stdout, stderr } = await runCli(['pull', 'org/tiny']);
  const folder = join(home, 'hub/models--org--tiny/snapshots', COMMIT);
  expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: `${folder}\n`, stderr: '' });
  expect((await readFile(join(folder, 'model.safetensors'))).length).toBe(300_000);
  expect((await runCli(['pull', 'org/tiny', '--json'])).stdout).toBe(`${JSON.stringify({ folder })}\n`);
});

test('kvasir pull shows a bar on a terminal, and takes it away', async () => {
  const { stderr } = await runCli(['pull', 'org/tiny'], { isTerminal: true });
  expect(plain(stderr)).toMatch(/Downloading .*293\.0 KiB {2}model\.safetensors/);
  expect(stderr).toContain('\x1b[?25h');
  expect((await runCli(['pull', 'org/tiny', '--json'], { isTerminal: true })).stderr).toBe('');
});

test('kvasir pull says what the hub does not have', async () => {
  const { exitCode, stdout, stderr } = await runCli(['pull', 'org/tiny', '--revision', 'nothing']);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toMatch(/^kvasir: Cannot download org\/tiny/);
});

test('kvasir pull without an id is a wrong command', async () => {
  const { exitCode, stderr } = await runCli(['pull']);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringContaining("missing required argument 'id'"),
  });
});
