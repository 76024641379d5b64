import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { downloadBlob } from './download-blob.ts';

const CONTENT = new TextEncoder().encode('0123456789');
const expected = { size: 10, hash: createHash('sha256').update(CONTENT).digest('hex'), algorithm: 'sha256' } as const;

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
  path = join(folder, 'blob');
});
afterEach(() => rm(folder, { recursive: true }));

type Answer = (start: number) => Response;
const whole: Answer = () => new Response(CONTENT);
const rest: Answer = (start) =>
  new Response(CONTENT.subarray(start), { status: 206, headers: { 'Content-Range': `bytes ${start}-9/10` } });
const status =
  (status: number): Answer =>
  () =>
    new Response('', { status });

/** Downloads from a server that gives these answers, one after the other, and tells what it was asked. */
async function download(...answers: Answer[]): Promise<number[]> {
  const asked: number[] = [];
  await downloadBlob({
    path,
    expected,
    open: async (start) => {
      asked.push(start);
      const answer = answers[Math.min(asked.length, answers.length) - 1]!;
      return answer(start);
    },
    refuse: (status) => new Error(`refused ${status}`),
    onProgress: () => {},
    signal: undefined,
    retryDelay: 0,
  });
  return asked;
}

test('gives up after six failures in a row and keeps its part', async () => {
  await writeFile(`${path}.incomplete`, '0123');
  await expect(download(status(500))).rejects.toThrow(
    'the server answered 500 after 4 of 10 bytes; the next attempt continues there',
  );
  expect(await readFile(`${path}.incomplete`, 'utf8')).toBe('0123');
  expect(await download(rest)).toEqual([4]);
  expect(await readdir(folder)).toEqual(['blob']);
});

test('does not repeat what was refused', async () => {
  await expect(download(status(403), whole)).rejects.toThrow('refused 403');
  expect(await readdir(folder)).toEqual([]);
});

test('a server without ranges that always breaks off is not asked forever', async () => {
  const cut: Answer = () => new Response(CONTENT.subarray(0, 5));
  await expect(download(cut)).rejects.toThrow('the connection was closed after 5 of 10 bytes');
});

test('a part that is whole is only verified', async () => {
  await writeFile(`${path}.incomplete`, CONTENT);
  expect(await download(status(500))).toEqual([]);
  expect(await readFile(path, 'utf8')).toBe('0123456789');
});

test('a part that is too long is not used', async () => {
  await writeFile(`${path}.incomplete`, '0123456789more');
  expect(await download(whole)).toEqual([0]);
});

test.each([
  ['answers 416', status(416)],
  ['sends another range', () => new Response('x', { status: 206, headers: { 'Content-Range': 'bytes 5-9/10' } })],
  ['sends a range without saying which', () => new Response('x', { status: 206 })],
])('begins anew if the server %s', async (_what, answer) => {
  await writeFile(`${path}.incomplete`, '0123');
  expect(await download(answer, whole)).toEqual([4, 0]);
});

test('a file that is not as long as listed is an error', async () => {
  await expect(download(() => new Response('0123456789more'))).rejects.toThrow(
    'the server sent more than the 10 bytes it listed',
  );
  await writeFile(`${path}.incomplete`, '0123');
  const longer = () => new Response('456', { status: 206, headers: { 'Content-Range': 'bytes 4-11/12' } });
  await expect(download(longer)).rejects.toThrow('the server has 12 bytes, but listed 10');
});

test('takes over what a dead process left, and nothing of a living one or of another machine', async () => {
  const own = hostname().replaceAll(/[^A-Za-z0-9-]/g, '-');
  const dead = 2 ** 22 + 1;
  await writeFile(`${path}.${own}.${dead}.0.incomplete`, '012345');
  await writeFile(`${path}.${own}.${process.ppid}.0.incomplete`, '01234567');
  await writeFile(`${path}.other-machine.${dead}.0.incomplete`, '012345678');
  expect(await download(rest)).toEqual([6]);
  expect((await readdir(folder)).sort()).toEqual(
    ['blob', `blob.${own}.${process.ppid}.0.incomplete`, `blob.other-machine.${dead}.0.incomplete`].sort(),
  );
});
