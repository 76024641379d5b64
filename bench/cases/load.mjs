import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LLM } from 'kvasir';

/**
 * Milliseconds from the folder to a model that is ready, tokenizer included, when the system has the file in memory; and
 * of that, from the first tensor to the last.
 */
export async function measure({ folder, threads }) {
  const file = join(folder, 'model.safetensors');
  readFileSync(file);
  let firstTensor;
  let lastTensor;
  const onProgress = () => {
    lastTensor = performance.now();
    firstTensor ??= lastTensor;
  };
  const start = performance.now();
  const llm = await LLM.load(folder, { threads, onProgress });
  const loadMs = performance.now() - start;
  await llm.dispose();
  return { loadMs, tensorsMs: lastTensor - firstTensor, bytes: statSync(file).size };
}
