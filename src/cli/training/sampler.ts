import type { LoraAdapter } from '../../adapters/lora-adapter.ts';
import { LLM } from '../../llm/llm.ts';
import type { CausalLM } from '../../models/causal-lm.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import type { RunSettings } from './complete-settings.ts';
import type { SampleMetric } from './metrics-log.ts';

/** What is sampled, and from what. */
export interface SampledModel {
  readonly model: CausalLM;
  readonly adapter: LoraAdapter | undefined;
  readonly tokenizer: Tokenizer;
}

/**
 * Has the model, as it is between two steps, continue the prompts of the settings, with the same random numbers each time. The
 * cache is there only meanwhile.
 */
export async function samplePrompts(
  { model, adapter, tokenizer }: SampledModel,
  { samplePrompt = [], sampleTokens = 1, sampleTemperature, seed }: RunSettings,
  step: number,
): Promise<readonly SampleMetric[]> {
  if (samplePrompt.length === 0) return [];
  const llm = await LLM.over(model, { tokenizer, prefixCache: false, adapters: adapter && { trained: adapter } });
  try {
    const samples: SampleMetric[] = [];
    for (const prompt of samplePrompt) {
      const room = llm.contextLength - llm.encode(prompt).length;
      const { text } = await llm.generate(prompt, {
        ...{ maxNewTokens: Math.max(1, Math.min(sampleTokens, room)), temperature: sampleTemperature, seed },
        adapter: adapter && 'trained',
      });
      samples.push({ kind: 'sample', step, prompt, text });
    }
    return samples;
  } finally {
    await llm.dispose();
  }
}
