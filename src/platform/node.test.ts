import { mkdtemp, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { platform } from './node.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('reads a range of a file, into shared memory too', async () => {
  const location = join(folder, 'bytes');
  await writeFile(
    location,
    Uint8Array.from({ length: 100 }, (_, i) => i),
  );
  const file = await platform.openFile(location);
  const target = new Uint8Array(new SharedArrayBuffer(8)).subarray(2, 5);
  await file.read(target, 40);
  expect(file.size).toBe(100);
  expect([...target]).toEqual([40, 41, 42]);
  await file.close();
  await file.close();
});

test('reads beyond 4 GiB of a sparse file', async () => {
  const location = join(folder, 'sparse');
  await writeFile(location, '');
  await truncate(location, 5 * 2 ** 30);
  const file = await platform.openFile(location);
  const target = new Uint8Array(3).fill(1);
  await file.read(target, 5 * 2 ** 30 - 3);
  await file.close();
  expect(file.size).toBe(5 * 2 ** 30);
  expect([...target]).toEqual([0, 0, 0]);
});

test('a read past the end, after close and after an abort throws', async () => {
  const location = join(folder, 'short');
  await writeFile(location, 'abc');
  const controller = new AbortController();
  const file = await platform.openFile(location, { signal: controller.signal });
  await expect(file.read(new Uint8Array(4), 1)).rejects.toThrow(
    new RangeError(`Cannot read ${location}: bytes 1 to 5 wanted, but it ends after 3`),
  );
  controller.abort(new Error('enough'));
  await expect(file.read(new Uint8Array(1), 0)).rejects.toThrow('enough');
  await file.close();
  await expect(file.read(new Uint8Array(1), 0)).rejects.toThrow(`Cannot read ${location}: it is closed`);
});

test('says what is not there', async () => {
  const missing = join(folder, 'missing');
  await expect(platform.openFile(missing)).rejects.toThrow(`Cannot open ${missing}: there is no such file`);
  await expect(platform.openFile(folder)).rejects.toThrow(`Cannot open ${folder}: it is not a file`);
  await expect(platform.readText(folder)).rejects.toThrow(`Cannot read ${folder}: EISDIR`);
  expect(await platform.readText(missing)).toBeUndefined();
  expect(await platform.isFile(missing)).toBe(false);
  expect(await platform.isDirectory(missing)).toBe(false);
  expect(await platform.isDirectory(folder)).toBe(true);
});

test('an aborted signal stops opening and reading text', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(platform.openFile('x', { signal })).rejects.toThrow('enough');
  await expect(platform.readText('x', { signal })).rejects.toThrow('enough');
});

test('tells size and time of a file, and nothing of what is no file', async () => {
  const location = join(folder, 'dated');
  await writeFile(location, 'abc');
  await utimes(location, 1000, 1000);
  expect(await platform.fileStatus(location)).toEqual({ size: 3, modified: 1_000_000 });
  expect(await platform.fileStatus(join(folder, 'missing'))).toBeUndefined();
  expect(await platform.fileStatus(folder)).toBeUndefined();
});

test('lists the names in a folder', async () => {
  const listed = join(folder, 'listed');
  expect(await platform.listDirectory(listed)).toEqual([]);
  await platform.makeDirectory(join(listed, 'b'));
  await writeFile(join(listed, 'a.txt'), '');
  expect(await platform.listDirectory(listed)).toEqual(['a.txt', 'b']);
});

test('makes, renames and removes folders with all that is in them', async () => {
  const [from, to] = [join(folder, 'a', 'b'), join(folder, 'c')];
  await platform.makeDirectory(from);
  await platform.makeDirectory(from);
  await writeFile(join(from, 'file'), 'abc');
  await platform.rename(from, to);
  expect(await platform.readText(join(to, 'file'))).toBe('abc');
  await expect(platform.rename(from, to)).rejects.toThrow(`Cannot rename ${from} to ${to}: there is no such file`);
  await expect(platform.makeDirectory(join(to, 'file'))).rejects.toThrow(`Cannot make ${join(to, 'file')}: EEXIST`);
  await platform.remove(to);
  await platform.remove(to);
  expect(await platform.isDirectory(to)).toBe(false);
});

test('a worker answers, reports its errors and ends', async () => {
  const worker = platform.startWorker(
    `const { parentPort } = process.getBuiltinModule('node:worker_threads');
     parentPort.on('message', (n) => { if (n < 0) throw new Error('negative'); parentPort.postMessage(n + 1); });`,
  );
  worker.hold(true);
  const answer = new Promise((resolve) => worker.onMessage(resolve));
  const failure = new Promise((resolve) => worker.onError(resolve));
  worker.postMessage(1);
  expect(await answer).toBe(2);
  worker.postMessage(-1);
  expect(await failure).toMatchObject({ message: 'negative' });
  await worker.terminate();
});

test('relaxed SIMD can be switched on, where the engine has it at all', () => {
  // (func (param v128 v128 v128) (result v128) local.get 0 … f32x4.relaxed_madd)
  const probe = Uint8Array.from([
    0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0, 10, 13, 1, 11, 0, 32, 0, 32, 1, 32,
    2, 253, 133, 2, 11,
  ]);
  const isEnabled = platform.enableRelaxedSimd(probe);
  expect(isEnabled).toBe(WebAssembly.validate(probe));
  expect(isEnabled).toBe(true);
  expect(platform.enableRelaxedSimd(Uint8Array.of(1, 2, 3))).toBe(false);
});
