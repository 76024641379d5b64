import { afterAll, expect, test } from 'vitest';
import { tinyData, tinyModel } from '../../test/tiny-training.ts';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import { createLora } from '../training/lora.ts';
import { createLoraTarget } from '../training/lora-target.ts';
import { train } from '../training/train.ts';
import { Trainer } from '../training/trainer.ts';
import { LLM } from './llm.ts';

const backend = createReferenceBackend();
afterAll(() => backend.dispose());
const GREEDY = { maxNewTokens: 6, temperature: 0 } as const;

test('a lent model generates between two steps of its training, and the training goes on with the same bits', async () => {
  const losses: number[][] = [[], []];
  const texts: number[][] = [];
  for (const [i, isSampled] of [false, true].entries()) {
    const model = await tinyModel(backend);
    const trainer = await Trainer.create({ model, data: await tinyData(), maxSteps: 8, learningRate: 3e-2 });
    for await (const event of trainer.run()) {
      if (event.kind !== 'step') continue;
      losses[i]!.push(event.loss);
      if (!isSampled || event.step % 4 !== 0) continue;
      const before = backend.memoryUsage().allocatedBytes;
      const llm = await LLM.over(model, { contextLength: 16 });
      texts.push([...(await llm.generate([1, 2, 3], GREEDY)).tokenIds]);
      await llm.dispose();
      await llm.dispose();
      expect(backend.memoryUsage().allocatedBytes).toBe(before);
      await expect(llm.generate([1], GREEDY)).rejects.toThrow('Cannot use the model: it is disposed');
    }
    trainer.dispose();
    if (isSampled) {
      const llm = await LLM.over(model, { contextLength: 16 });
      expect((await llm.generate([1, 2, 3], GREEDY)).tokenIds).toEqual(texts.at(-1));
      await llm.dispose();
    }
    model.dispose();
  }
  expect(losses[1]).toEqual(losses[0]);
});

test('a lent adapter is chosen by its name', async () => {
  const model = await tinyModel(backend);
  const adapter = await createLora(model, { rank: 4 });
  const target = await createLoraTarget(model, adapter);
  await train({ model: target, data: await tinyData(), maxSteps: 30, learningRate: 0.2 });
  const llm = await LLM.over(model, { contextLength: 16, adapters: { trained: adapter } });
  const through = await llm.generate([1, 2, 3], { ...GREEDY, adapter: 'trained' });
  expect(through.tokenIds).not.toEqual((await llm.generate([1, 2, 3], GREEDY)).tokenIds);
  await llm.dispose();
  target.trained.release();
  adapter.release();
  model.dispose();
});

test('unknown options are refused', async () => {
  const model = await tinyModel(backend);
  await expect(LLM.over(model, { contextLenght: 16 } as object)).rejects.toThrow(
    'Cannot use a model: unknown option "contextLenght", did you mean "contextLength"?',
  );
  model.dispose();
});
