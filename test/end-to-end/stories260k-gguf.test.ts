import { expect, test } from 'vitest';
import { LLM, type LoadOptions } from '../../src/index.ts';
import { CONTINUATION, NUM_TOKENS, PROMPT } from './stories260k-text.ts';

/**
 * The published 260K-parameter story model as GGUF must print the text that it prints as a Hugging Face folder. The files are
 * not part of the project: the test runs where KVASIR_STORIES260K_GGUF names the folder of `stories260K-f32.gguf` and the others.
 */
const folder = process.env.KVASIR_STORIES260K_GGUF;

async function story(type: string, dtype?: LoadOptions['dtype']): Promise<string> {
  const llm = await LLM.load(`${folder}/stories260K-${type}.gguf`, { device: 'wasm', threads: 1, dtype });
  const promptIds = llm.encode(PROMPT);
  expect(promptIds).toEqual([1, 403, 407, 261, 378]);
  const { text } = await llm.generate(PROMPT, { maxNewTokens: NUM_TOKENS - promptIds.length, doSample: false });
  await llm.dispose();
  return text;
}

test.runIf(folder !== undefined).each(['f32', 'f16'])('stories260K as %s tells its story', async (type) => {
  expect(await story(type)).toBe(CONTINUATION);
});

/**
 * Where two tokens are 0.026 apart, what has 8 bits departs from the float32 model: PyTorch in float64 on the same dequantised
 * weights, and llama.cpp (node-llama-cpp 3.21.1), print this. A llama.cpp that rounds activations in another way may go on as float32.
 */
test.runIf(folder !== undefined)('stories260K as q8_0 tells what float64 on its weights tells', async () => {
  const departure = CONTINUATION.indexOf('your ball');
  expect(await story('q8_0', 'float32')).toBe(
    CONTINUATION.slice(0, departure) +
      'my ball." Her mom said, "I want to play with you, Lily. We can\'t find it."\n' +
      "Lily was sad and didn't know what to do. She said, \"I'm sorry, Lily. I didn't know what to do.\" H",
  );
});

test.runIf(folder !== undefined)(
  'stories260K as q8_0, its codes kept, tells the story up to the same place',
  async () => {
    const departure = CONTINUATION.indexOf('your ball');
    expect((await story('q8_0')).slice(0, departure)).toBe(CONTINUATION.slice(0, departure));
  },
);

test.runIf(folder !== undefined)('stories260K as q4_0 begins its story', async () => {
  expect(await story('q4_0')).toMatch(/^, there was a little girl named Lily. She loved to play outside in the/);
});
