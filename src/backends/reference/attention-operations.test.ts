import { describe, expect, test } from 'vitest';
import type { AttentionOptions, DeviceBuffer, PagedBatch } from '../../backend/backend.ts';
import { createReferenceBackend } from './reference-backend.ts';

// One head of size 1, keys ln 1, ln 2, ln 5 and queries of 1: the weights of the keys are 1 : 2 : 5.

const backend = createReferenceBackend();
const KEYS = [Math.log(1), Math.log(2), Math.log(5)];
const VALUES = [800, 80, 8];

function put(...numbers: number[]): DeviceBuffer {
  const buffer = backend.allocate('float32', numbers.length);
  backend.write(buffer, Float32Array.from(numbers));
  return buffer;
}

function putInts(...numbers: number[]): DeviceBuffer {
  const buffer = backend.allocate('int32', numbers.length);
  backend.write(buffer, Int32Array.from(numbers));
  return buffer;
}

async function expectClose(output: DeviceBuffer, wanted: readonly number[]): Promise<void> {
  const got = Array.from(await backend.read(output));
  for (const [i, value] of wanted.entries()) expect(got[i], `element ${i}`).toBeCloseTo(value, 3);
}

/** Attention of queries of 1 over KEYS and VALUES. */
async function expectAttention(options: Partial<AttentionOptions>, wanted: readonly number[]): Promise<void> {
  const output = put(...wanted.map(() => Number.NaN));
  const queries = put(...wanted.map(() => 1));
  backend.attention(output, queries, put(...KEYS), put(...VALUES), {
    spans: [{ queryStart: 0, queryLength: wanted.length, keyStart: 0, keyLength: 3 }],
    ...{ heads: 1, kvHeads: 1, headSize: 1, scale: 1, causal: true },
    ...options,
  });
  await expectClose(output, wanted);
}

describe('attention', () => {
  const all = (1 * 800 + 2 * 80 + 5 * 8) / 8;

  test('causal: each query sees the keys up to its own', async () => {
    await expectAttention({}, [800, (800 + 2 * 80) / 3, all]);
  });

  test('causal with fewer queries than keys: the last query is the last key', async () => {
    await expectAttention({}, [all]);
    await expectAttention({}, [(800 + 2 * 80) / 3, all]);
  });

  test('not causal: every query sees every key', async () => {
    await expectAttention({ causal: false }, [all, all, all]);
  });

  test('window: a query sees itself and the keys just before', async () => {
    await expectAttention({ window: 1 }, [800, 80, 8]);
    await expectAttention({ window: 2 }, [800, (800 + 2 * 80) / 3, (2 * 80 + 5 * 8) / 7]);
  });

  test('window without causal also sees what comes after', async () => {
    await expectAttention({ window: 1, causal: false }, [all, (2 * 80 + 5 * 8) / 7, 8]);
  });

  test('scale multiplies the scores', async () => {
    await expectAttention({ scale: 2 }, [800, (800 + 4 * 80) / 5, (1 * 800 + 4 * 80 + 25 * 8) / 30]);
  });

  test('mask is added to the scores, and −∞ hides a key', async () => {
    const none = Number.NEGATIVE_INFINITY;
    const mask = { values: put(0, 0, 0, none, none, 0, none, Math.log(3), 0), width: 3 };
    await expectAttention({ mask }, [800, 0, (6 * 80 + 5 * 8) / 11]);
  });

  test('a position bias is added by distance, and beyond its ends as at them', async () => {
    const ln = (...numbers: number[]) => ({ values: put(...numbers.map(Math.log)), own: 1 });
    // Weights 1 : 2 : 5 of the keys, times 3 for those before the query, 1 for its own, 7 for those after.
    const wanted = [
      (1 * 800 + 14 * 80 + 35 * 8) / 50,
      (3 * 800 + 2 * 80 + 35 * 8) / 40,
      (3 * 800 + 6 * 80 + 5 * 8) / 14,
    ];
    await expectAttention({ causal: false, positionBias: ln(3, 1, 7) }, wanted);
    await expectAttention({ positionBias: ln(3, 1, 7) }, [800, (3 * 800 + 2 * 80) / 5, wanted[2]!]);
    await expectAttention({ causal: false, positionBias: ln(3, 1, 7) }, wanted.slice(1)); // fewer queries than keys
  });

  test('spans keep to their own rows', async () => {
    const spans = [
      { queryStart: 1, queryLength: 1, keyStart: 0, keyLength: 1 },
      { queryStart: 0, queryLength: 1, keyStart: 1, keyLength: 2 },
    ];
    await expectAttention({ spans }, [(2 * 80 + 5 * 8) / 7, 800]);
  });

  test('heads h · G / H share a key head', async () => {
    const output = put(...new Array<number>(4).fill(Number.NaN));
    backend.attention(output, put(1, 1, 1, 1), put(0, 0), put(10, 20), {
      spans: [{ queryStart: 0, queryLength: 1, keyStart: 0, keyLength: 1 }],
      ...{ heads: 4, kvHeads: 2, headSize: 1, scale: 1, causal: true },
    });
    await expectClose(output, [10, 10, 20, 20]);
  });

  test('head sizes above one: scores are dot products, values are vectors', async () => {
    const output = put(Number.NaN, Number.NaN);
    // scores (1, 2) · (0, 0) = 0 and (1, 2) · (1, 1) = 3, scaled to 0 and ln 3
    backend.attention(output, put(1, 2), put(0, 0, 1, 1), put(4, 40, 8, 80), {
      spans: [{ queryStart: 0, queryLength: 1, keyStart: 0, keyLength: 2 }],
      ...{ heads: 1, kvHeads: 1, headSize: 2, scale: Math.log(3) / 3, causal: true },
    });
    await expectClose(output, [7, 70]);
  });
});

describe('paged attention', () => {
  /** Tokens 0 … 16 of one sequence in blocks 2 and 0: key ln 1 and value 0 but for the last two. */
  function cacheOfSeventeen() {
    const cache = backend.allocateCache({ numBlocks: 3, kvHeads: 1, headSize: 1 });
    const slots = Array.from({ length: 17 }, (_, token) => (token < 16 ? 32 + token : 0));
    const zeros = new Array<number>(15).fill(0);
    const batch: PagedBatch = {
      ...{ numTokens: 17, numSequences: 1, maxBlocks: 3 },
      queryStarts: putInts(0, 17),
      keyLengths: putInts(17),
      blockTables: putInts(2, 0, 99),
      slots: putInts(...slots),
    };
    backend.storeKeysValues(cache, put(...zeros, Math.log(2), Math.log(5)), put(...zeros, 110, 22), batch);
    return { cache, batch };
  }

  test('reads keys and values through the block table', async () => {
    const { cache } = cacheOfSeventeen();
    const batch: PagedBatch = {
      ...{ numTokens: 2, numSequences: 1, maxBlocks: 3 },
      queryStarts: putInts(0, 2),
      keyLengths: putInts(17),
      blockTables: putInts(2, 0, 99),
      slots: putInts(47, 0),
    };
    const output = put(Number.NaN, Number.NaN);
    backend.pagedAttention(output, put(1, 1), cache, batch, { heads: 1, scale: 1, maxKeyLength: 17 });
    await expectClose(output, [(2 * 110) / 17, (2 * 110 + 5 * 22) / 22]);
    backend.pagedAttention(output, put(1, 1), cache, batch, { heads: 1, scale: 1, window: 2, maxKeyLength: 17 });
    await expectClose(output, [(2 * 110) / 3, (2 * 110 + 5 * 22) / 7]);
  });

  test('copied blocks hold the same keys and values', async () => {
    const { cache } = cacheOfSeventeen();
    backend.copyBlocks(cache, [
      { from: 0, to: 1 },
      { from: 2, to: 0 },
    ]);
    const batch: PagedBatch = {
      ...{ numTokens: 1, numSequences: 1, maxBlocks: 2 },
      queryStarts: putInts(0, 1),
      keyLengths: putInts(17),
      blockTables: putInts(0, 1),
      slots: putInts(16),
    };
    const output = put(Number.NaN);
    backend.pagedAttention(output, put(1), cache, batch, { heads: 1, scale: 1, maxKeyLength: 17 });
    await expectClose(output, [(2 * 110 + 5 * 22) / 22]);
  });

  test('says what is wrong with a batch', () => {
    const { cache, batch } = cacheOfSeventeen();
    const output = backend.allocate('float32', 17);
    const run = (it: Partial<PagedBatch>, maxKeyLength = 17) => {
      const options = { heads: 1, scale: 1, maxKeyLength };
      backend.pagedAttention(output, backend.allocate('float32', 17), cache, { ...batch, ...it }, options);
    };
    expect(() => run({ blockTables: putInts(2, 3, 0) })).toThrow(
      'Cannot run pagedAttention: sequence 0 has block 3, but the cache has 3',
    );
    expect(() => run({ keyLengths: putInts(16) })).toThrow('sequence 0 has 17 queries, 16 keys and 3 blocks');
    expect(() => run({ queryStarts: putInts(0, 16) })).toThrow('queryStarts run from 0 to 16, wanted 0 to 17');
    expect(() => run({}, 16)).toThrow('keyLengths has 17, wanted 0 to 16');
    expect(() => backend.storeKeysValues(cache, output, output, { ...batch, slots: output })).toThrow(
      'Cannot run storeKeysValues: slots is float32, wanted int32',
    );
  });
});
