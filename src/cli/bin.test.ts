import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../bin/kvasir.js', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
  await mkdir(join(folder, 'bin'));
  await copyFile(SCRIPT, join(folder, 'bin/kvasir.js'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs the script of a checkout in `folder`. */
function start(...argv: readonly string[]) {
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [join(folder, 'bin/kvasir.js'), ...argv], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

test('bin/kvasir.js without dist/ says how to build it', async () => {
  expect(await start('--help')).toEqual({
    ...{ code: 1, stdout: '' },
    stderr: 'kvasir: Cannot start: Kvasir is not built yet. In its folder, run: npm ci && npm run build\n',
  });
});

test('bin/kvasir.js hands the arguments to the command line and ends with its exit code', async () => {
  await mkdir(join(folder, 'dist/cli'), { recursive: true });
  const main = `export const processIo = () => process.stdout;
    export async function run(argv, io) { io.write(JSON.stringify(argv)); return 3; }`;
  await writeFile(join(folder, 'dist/cli/main.js'), main);
  expect(await start('score', 'a b')).toEqual({ code: 3, stdout: '["score","a b"]', stderr: '' });
});
