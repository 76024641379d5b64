import fc from 'fast-check';
import { expect, test } from 'vitest';
import { collect } from '../../test/collect.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { readLines } from './read-lines.ts';
import { readText } from './read-text.ts';

const folder = temporaryFolder();

async function textOf(path: string): Promise<string> {
  return (await collect(readText(path))).join('');
}

test('reads a text that is longer than a chunk, whatever its characters', async () => {
  const text = fc.sample(fc.string({ unit: 'grapheme', minLength: 1 }), { numRuns: 50, seed: 1 }).join('');
  const clean = text.replaceAll('\0', '');
  const long = clean.repeat(Math.ceil(2.5e6 / new TextEncoder().encode(clean).length));
  expect(await textOf(await folder.write('long.txt', long))).toBe(long);
});

test.each([0, 1, 2, 3])('a character that lies across two chunks stays whole (byte %i)', async (shift) => {
  const text = `${'x'.repeat(2 ** 20 - shift)}🙂é東`;
  expect(await textOf(await folder.write('across.txt', text))).toBe(text);
});

test('leaves out a byte order mark at the start alone', async () => {
  const text = `\uFEFFa\uFEFF${'b'.repeat(2 ** 20 - 7)}\uFEFFc`;
  expect(await textOf(await folder.write('mark.txt', text))).toBe(text.slice(1));
});

test('says where a file is binary', async () => {
  const bytes = new TextEncoder().encode('one\ntwo\nthree');
  bytes[9] = 0;
  const nul = await folder.write('nul.txt', bytes);
  await expect(textOf(nul)).rejects.toThrow(
    new TypeError(`Cannot read ${nul}, line 3: it has a NUL character at byte 9, wanted text in UTF-8`),
  );
  bytes[9] = 0xff;
  const invalid = await folder.write('invalid.txt', bytes);
  await expect(textOf(invalid)).rejects.toThrow(
    new TypeError(`Cannot read ${invalid}, line 3: it is not UTF-8 at byte 9, wanted text in UTF-8`),
  );
  const cut = await folder.write('cut.txt', Uint8Array.of(0x61, 0xf0, 0x9f));
  await expect(textOf(cut)).rejects.toThrow('line 1: it is not UTF-8 at byte 2');
});

test('counts lines and bytes over chunks', async () => {
  const bytes = new TextEncoder().encode('a\n'.repeat(2 ** 20));
  bytes[2 ** 21 - 4] = 0xc0;
  const path = await folder.write('later.txt', bytes);
  await expect(textOf(path)).rejects.toThrow(`line ${2 ** 20 - 1}: it is not UTF-8 at byte ${2 ** 21 - 4}`);
});

test('any bytes are text or refused with their place', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), async (bytes) => {
      const path = await folder.write('any', bytes);
      let wanted: string | undefined;
      try {
        wanted = bytes.includes(0) ? undefined : new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      } catch {}
      if (wanted === undefined) await expect(textOf(path)).rejects.toThrow(/line \d+: .* at byte \d+/);
      else expect(await textOf(path)).toBe(wanted);
    }),
  );
});

test('stops with the reason of the signal, and tells what it has read', async () => {
  const path = await folder.write('long.txt', 'x'.repeat(3e6));
  const controller = new AbortController();
  let numBytes = 0;
  const reading = (async () => {
    for await (const _ of readText(path, {
      signal: controller.signal,
      onRead: (count) => {
        numBytes += count;
      },
    }))
      if (numBytes > 0) controller.abort(new Error('enough'));
  })();
  await expect(reading).rejects.toThrow('enough');
  expect(numBytes).toBe(2 * 2 ** 20);
});

test('splits lines at either end, and starts none at the end of the file', async () => {
  const path = await folder.write('lines.txt', 'one\r\n\ntwo\nthree');
  const lines = [
    { text: 'one', number: 1 },
    { text: '', number: 2 },
    { text: 'two', number: 3 },
    { text: 'three', number: 4 },
  ];
  expect(await collect(readLines(path))).toEqual(lines);
  const ended = await folder.write('ended.txt', 'one\r\n\ntwo\nthree\n');
  expect(await collect(readLines(ended))).toEqual(lines);
  expect(await collect(readLines(await folder.write('none.txt', '')))).toEqual([]);
});

test('lines are whole across chunks', async () => {
  const wanted = Array.from({ length: 60_000 }, (_, i) => 'é'.repeat(i % 37) + i);
  const path = await folder.write('many.txt', wanted.join('\n'));
  expect((await collect(readLines(path))).map(({ text }) => text)).toEqual(wanted);
});

test('refuses a line that is too long before it is read whole', async () => {
  const path = await folder.write('long.txt', `a\nb\n${'c'.repeat(5e6)}`);
  let numBytes = 0;
  const reading = collect(
    readLines(
      path,
      {
        onRead: (count) => {
          numBytes += count;
        },
      },
      10,
    ),
  );
  await expect(reading).rejects.toThrow(
    new RangeError(`Cannot read ${path}, line 3: it has more than 10 characters, wanted a shorter line`),
  );
  expect(numBytes).toBe(0);
});
