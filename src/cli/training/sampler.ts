import type { LoraAdapter } from '../../adapters/lora-adapter.ts';
import { type PairEncoding, startOfTargets } from '../../data/pair-encoding.ts';
import { LLM } from '../../llm/llm.ts';
import type { CausalLM } from '../../models/causal-lm.ts';
import { EncoderDecoderLM } from '../../models/encoder-decoder-lm.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import type { RunSettings } from './complete-settings.ts';
import type { SampleMetric } from './metrics-log.ts';
import type { RunModel } from './run-model.ts';

/** What is sampled, and from what. */
export interface SampledModel {
  readonly model: RunModel;
  readonly adapter: LoraAdapter | undefined;
  readonly tokenizer: Tokenizer;
  /** How a model with an encoder that was there before reads pairs. */
  readonly pairs: PairEncoding | undefined;
}

/**
 * Has the model, as it is between two steps, continue the prompts of the settings, or write targets for them, with the same random
 * numbers each time. The cache is there only meanwhile.
 */
export async function samplePrompts(
  { model, ...by }: SampledModel,
  settings: RunSettings,
  step: number,
): Promise<readonly SampleMetric[]> {
  const { samplePrompt = [] } = settings;
  if (samplePrompt.length === 0) return [];
  if (model instanceof EncoderDecoderLM) return targetsOf(model, by, settings, step);
  return continuationsOf(model, by, settings, step);
}

async function targetsOf(
  model: EncoderDecoderLM,
  { adapter, tokenizer, pairs }: Omit<SampledModel, 'model'>,
  { samplePrompt = [], sampleTokens = 1, sampleTemperature: temperature = 0, seed }: RunSettings,
  step: number,
): Promise<readonly SampleMetric[]> {
  const llm = await LLM.over(model, { tokenizer, prefixCache: false, adapters: adapter && { trained: adapter } });
  try {
    const samples: SampleMetric[] = [];
    for (const prompt of samplePrompt) {
      const sourceIds = pairs?.tokenizer.encodeSource(prompt, pairs) ?? encodeSource(model, tokenizer, prompt);
      const start = pairs && { decoderStartTokenId: startOfTargets(pairs), ...pairs.tokenizer.targetStart(pairs) };
      const { text } = await llm.transduce(sourceIds, {
        ...{ ...start, maxNewTokens: sampleTokens, temperature, seed },
        adapter: adapter && 'trained',
      });
      samples.push({ kind: 'sample', step, prompt, text, isTarget: true });
    }
    return samples;
  } finally {
    await llm.dispose();
  }
}

/** The tokens of a source with its end, as it comes in training. */
function encodeSource({ config }: EncoderDecoderLM, tokenizer: Tokenizer, source: string): readonly number[] {
  return [...tokenizer.encode(source, { addSpecialTokens: false }), ...config.eosTokenIds.slice(0, 1)];
}

async function continuationsOf(
  model: CausalLM,
  { adapter, tokenizer }: Omit<SampledModel, 'model'>,
  { samplePrompt = [], sampleTokens = 1, sampleTemperature = 0.8, seed }: RunSettings,
  step: number,
): Promise<readonly SampleMetric[]> {
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
