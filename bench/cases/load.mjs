import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LLM } from 'kvasir';

/** Milliseconds from the folder to a model that is ready, tokenizer included, when the system has the file in memory. */
export async function measure({ folder, threads }) {
  const file = join(folder, 'model.safetensors');
  touch(file);
  const start = performance.now();
  const llm = await LLM.load(folder, { threads });
  const loadMs = performance.now() - start;
  await llm.dispose();
  return { loadMs, bytes: statSync(file).size };
}

function touch(file) {
  readFileSync(file);
}
