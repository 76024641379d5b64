import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NodeWritableFile, writeFileAtomically } from './node-write.ts';
import type { WritableFile } from './platform.ts';

let folder: string;
let location: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
  location = join(folder, 'file');
});
afterEach(() => rm(folder, { recursive: true }));

const text = () => readFile(location, 'utf8');
const bytes = (value: string) => new TextEncoder().encode(value);

test('appends in the order of the calls and replaces what was appended', async () => {
  await writeFileAtomically(location, async (file) => {
    void file.append(bytes('head'));
    void file.append(bytes('er, '));
    await file.append(bytes('body'));
    expect(file.size).toBe(12);
    await file.overwrite(bytes('H'), 0);
  });
  expect(await text()).toBe('Header, body');
  expect(await readdir(folder)).toEqual(['file']);
});

test('what is still under way when the writer returns is written', async () => {
  await writeFileAtomically(location, async (file) => {
    for (let i = 0; i < 20; i++) void file.append(new Uint8Array(100_000).fill(0x61 + i));
  });
  expect(await text()).toBe(
    Array.from({ length: 20 }, (_, i) => String.fromCharCode(0x61 + i).repeat(100_000)).join(''),
  );
});

test('replaces a file only when the new one is whole', async () => {
  await writeFile(location, 'old');
  await writeFileAtomically(location, async (file) => {
    await file.append(bytes('new'));
    expect(await text()).toBe('old');
  });
  expect(await text()).toBe('new');
});

test('a writer that throws leaves the file as it was, and nothing beside it', async () => {
  await writeFile(location, 'old');
  const failing = writeFileAtomically(location, async (file) => {
    await file.append(bytes('new'));
    throw new Error('no more data');
  });
  await expect(failing).rejects.toThrow('no more data');
  expect(await text()).toBe('old');
  expect(await readdir(folder)).toEqual(['file']);
});

test('an abort leaves nothing behind, whether before, while or after writing', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const during = writeFileAtomically(
    location,
    async (file) => {
      await file.append(bytes('new'));
      controller.abort(new Error('enough'));
    },
    { signal },
  );
  await expect(during).rejects.toThrow('enough');
  await expect(writeFileAtomically(location, async () => {}, { signal })).rejects.toThrow('enough');
  expect(await readdir(folder)).toEqual([]);
});

test('bytes beyond the end cannot be replaced, even if the writer does not wait to hear it', async () => {
  const failing = writeFileAtomically(location, async (file) => {
    await file.append(bytes('abc'));
    void file.overwrite(bytes('xy'), 2);
  });
  await expect(failing).rejects.toThrow(
    new RangeError(`Cannot write ${location}: bytes 2 to 4 to be replaced, but it has 3`),
  );
  expect(await readdir(folder)).toEqual([]);
});

test('a file that is done takes no more', async () => {
  let kept: WritableFile | undefined;
  await writeFileAtomically(location, async (file) => {
    kept = file;
  });
  await expect(kept!.append(bytes('x'))).rejects.toThrow(`Cannot write ${location}: it is closed`);
  expect(await text()).toBe('');
});

test('says what is in the way', async () => {
  const missing = join(folder, 'none', 'file');
  await expect(writeFileAtomically(missing, async () => {})).rejects.toThrow(
    `Cannot write ${missing}: there is no folder ${join(folder, 'none')}`,
  );
  await expect(writeFileAtomically(folder, async () => {})).rejects.toThrow(`Cannot write ${folder}: `);
  expect(await readdir(folder)).toEqual([]);
});

// A device that is always full.
test.runIf(process.platform === 'linux')('a full disk is an error', async () => {
  const full = await open('/dev/full', 'w');
  const file = new NodeWritableFile('data', full, undefined);
  await expect(file.append(bytes('x'))).rejects.toThrow('Cannot write data: ENOSPC');
  await full.close();
});
