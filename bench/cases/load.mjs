import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LLM } from 'kvasir';

/**
 * Milliseconds from the folder to a model that is ready, tokenizer included, when the system has the file in memory; and
 * of that, from the first tensor to the last.
 */
export async function measure({ folder, threads }) {
  const file = join(folder, 'model.safetensors');
  readThrough(file);
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

/** Brings a file into the system's memory, and leaves no garbage of its size that would be collected while we measure. */
function readThrough(file) {
  const descriptor = openSync(file);
  const buffer = new Uint8Array(2 ** 20);
  while (readSync(descriptor, buffer) > 0);
  closeSync(descriptor);
}
