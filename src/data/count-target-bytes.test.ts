import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { countTargetBytes } from './count-target-bytes.ts';
import { documentBatches } from './document-batches.ts';
import type { TextDocument } from './text-document.ts';
import { tokenizeInMemory } from './tokenize-in-memory.ts';
import { windowBatches } from './window-batches.ts';

const tokenizer = new ByteTokenizer();
const bytesIn = (text: string) => new TextEncoder().encode(text).length;
const tokenize = (documents: readonly TextDocument[]) =>
  tokenizeInMemory({ sources: [{ format: 'documents', documents }], tokenizer });

test('windows, however they are cut, count every byte but the first token', async () => {
  const text = fc.string({ unit: 'grapheme', minLength: 3, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(
      text,
      fc.integer({ min: 2, max: 7 }),
      fc.integer({ min: 1, max: 3 }),
      async (text, length, size) => {
        const dataset = await tokenize([{ text }]);
        const loader = windowBatches(dataset, { order: 'stored', contextLength: length, batchSize: size });
        const numBatches = loader.batchesPerEpoch!;
        const counted = await countTargetBytes({ batch: (n) => loader.batch(n), numBatches }, tokenizer);
        const first = new Int32Array(1);
        await dataset.readTokens(first, 0);
        expect(counted).toBe(bytesIn(text) - (tokenizer.isSpecial(first[0]!) ? 0 : 1));
      },
    ),
    { numRuns: 60 },
  );
});

test('of completions only the answer counts', async () => {
  const dataset = await tokenize([
    { prompt: 'What is wide?', completion: 'The sea.' },
    { prompt: 'Größe?', completion: 'Süß 🙂' },
  ]);
  const loader = await documentBatches(dataset, { order: 'stored', contextLength: 100, batchSize: 1 });
  const counted = await countTargetBytes(
    { batch: (n) => loader.batch(n), numBatches: loader.batchesPerEpoch! },
    tokenizer,
  );
  expect(counted).toBe(bytesIn('The sea.') + bytesIn('Süß 🙂'));
});

test('counting stops when its signal aborts', async () => {
  const loader = windowBatches(await tokenize([{ text: 'abcdef' }]), {
    order: 'stored',
    contextLength: 2,
    batchSize: 1,
  });
  const signal = AbortSignal.abort(new Error('enough'));
  const batches = { batch: (n: number) => loader.batch(n), numBatches: 2 };
  await expect(countTargetBytes(batches, tokenizer, { signal })).rejects.toThrow('enough');
});
