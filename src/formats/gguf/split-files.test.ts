import { describe, expect, test } from 'vitest';
import { encodeGguf } from '../../../test/fixtures/tiny-gguf.ts';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import type { TypedMetadata } from './encode-gguf.ts';
import { openGguf } from './open-gguf.ts';

const files = temporaryFolder();

interface Part {
  readonly no?: number;
  readonly count?: number;
  readonly total?: number;
  readonly tensors: readonly string[];
}

const part = ({ no = 0, count = 3, total = 4, tensors }: Part): Uint8Array<ArrayBuffer> => {
  const metadata: TypedMetadata = {
    ...(no === 0 ? { 'general.architecture': { type: 'string', value: 'llama' } as const } : {}),
    'split.no': { type: 'uint16', value: no },
    'split.count': { type: 'uint16', value: count },
    'split.tensors.count': { type: 'int32', value: total },
  };
  return encodeGguf(
    metadata,
    tensors.map((name) => ({ name, dtype: 'float32', shape: [2] })),
  );
};

/** Writes parts 1, 2, 3 of `stem` and gives where they are. */
async function write(stem: string, parts: readonly Part[]): Promise<readonly string[]> {
  const name = (i: number) => `${stem}-0000${i + 1}-of-00003.gguf`;
  return Promise.all(parts.map((one, i) => files.write(name(i), part(one))));
}

const GOOD: readonly Part[] = [
  { no: 0, tensors: ['a', 'b'] },
  { no: 1, tensors: ['c'] },
  { no: 2, tensors: ['d'] },
];

describe('A split model', () => {
  test('is whole whichever of its files is named', async () => {
    const locations = await write('whole', GOOD);
    for (const location of locations) {
      const file = await openGguf(location);
      expect(file.location).toBe(locations[0]);
      expect(file.values.get('general.architecture')).toBe('llama');
      expect([...file.tensors.values()].map(({ name, location }) => [name, location])).toEqual([
        ['a', locations[0]],
        ['b', locations[0]],
        ['c', locations[1]],
        ['d', locations[2]],
      ]);
      const bytes = new Uint8Array(8);
      await file.read('d', bytes, 0);
      expect([...bytes]).toEqual(Array(8).fill(1));
      await file.close();
    }
  });

  test('whose part is missing is refused', async () => {
    const [first] = await write('missing', GOOD.slice(0, 2));
    await expect(openGguf(first!)).rejects.toThrow('missing-00003-of-00003.gguf');
  });

  test.each<[string, readonly Part[], string]>([
    ['swapped', [GOOD[0]!, GOOD[2]!, GOOD[1]!], 'it is part 3 of 3, wanted part 2 of 3'],
    ['foreign', [GOOD[0]!, { ...GOOD[1]!, count: 2 }, GOOD[2]!], 'it is part 2 of 2, wanted part 2 of 3'],
    ['alone', [GOOD[0]!, { ...GOOD[1]!, count: 1 }, GOOD[2]!], 'it is part 2 of 1, wanted part 2 of 3'],
    ['twice', [GOOD[0]!, { no: 1, tensors: ['a'] }, GOOD[2]!], 'another part has its tensor "a" too'],
    ['short', [GOOD[0]!, { no: 1, tensors: [] }, GOOD[2]!], 'its 3 parts have 3 tensors, wanted 4'],
  ])('with a part that is not its own is refused (%s)', async (stem, parts, message) => {
    const [first] = await write(stem, parts);
    await expect(openGguf(first!)).rejects.toThrow(message);
  });

  test('whose name does not say where the others are is refused', async () => {
    const location = await files.write('renamed.gguf', part(GOOD[0]!));
    await expect(openGguf(location)).rejects.toThrow('wanted a name that ends with -00001-of-00003.gguf');
    const other = await files.write('m-00001-of-00002.gguf', part(GOOD[0]!));
    await expect(openGguf(other)).rejects.toThrow('it is one of 3 parts');
  });
});
