// From texts to the batches of a training step: `node dist-examples/training-data.js`.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ByteTokenizer, documentBatches, prepareTokenDataset, splitDataset, windowBatches } from 'kvasir';

const folder = await mkdtemp(join(tmpdir(), 'kvasir-example-'));
try {
  const names = ['Ada', 'Ben', 'Cleo', 'Dan', 'Eva', 'Finn', 'Gus', 'Hana', 'Ida', 'Jon'];
  const stories = names.map((name) => JSON.stringify({ text: `Once upon a time ${name} found a red kite.` }));
  await writeFile(join(folder, 'stories.jsonl'), stories.join('\n'));

  // Tokenised once; the next call with the same file and tokenizer opens what is there.
  const tokenizer = new ByteTokenizer();
  const sources = [join(folder, 'stories.jsonl')];
  const dataset = await prepareTokenDataset({ folder: join(folder, 'tokens'), sources, tokenizer });
  console.log(`${dataset.numDocuments} documents of ${dataset.numTokens} tokens`);

  // The last tenth is kept for validation.
  const { training, validation } = await splitDataset(dataset, { validation: 0.1, by: 'documents' });

  // Whole documents, in another order each epoch; batch n is the same whenever it is asked for.
  const loader = await documentBatches(training, { contextLength: 128, batchSize: 2, seed: 1 });
  for (let n = 0; n < loader.batchesPerEpoch!; n++) {
    const { tokenIds, spans } = await loader.batch(n);
    const [first] = spans;
    console.log(
      `batch ${n}: ${tokenIds.length} tokens, first`,
      tokenizer.decode([...tokenIds.subarray(0, first!.length)]),
    );
  }

  // Evaluation sees all of it once, in order.
  const evaluation = await documentBatches(validation, { contextLength: 128, batchSize: 2, order: 'stored' });
  for (let n = 0; n < evaluation.batchesPerEpoch!; n++) console.log((await evaluation.batch(n)).targetIds.length);

  // Or windows of one long stream, drawn at random.
  const windows = windowBatches(training, { contextLength: 32, batchSize: 4, seed: 1 });
  console.log(`${(await windows.batch(0)).tokenIds.length} tokens of windows`);
  await dataset.close();
} finally {
  await rm(folder, { recursive: true });
}
