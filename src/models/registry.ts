import { didYouMean } from '../base/suggest.ts';
import type { JsonFields } from '../config/json-fields.ts';
import type { Architecture } from './architecture.ts';
import { gptNeo } from './gpt-neo.ts';
import { gpt2 } from './gpt2.ts';
import { llama } from './llama.ts';
import { openaiGpt } from './openai-gpt.ts';

const ARCHITECTURES: readonly Architecture[] = [openaiGpt, gpt2, gptNeo, llama];

/** Every `model_type` that Kvasir loads. */
export const MODEL_TYPES: readonly string[] = ARCHITECTURES.flatMap(({ modelTypes }) => modelTypes);

/** The architecture that a config.json names. Throws a `RangeError` that lists the known ones. */
export function findArchitecture(fields: JsonFields): Architecture {
  return architectureOf(fields.string('model_type'), fields.location);
}

/** The architecture of a `model_type`; `location` is what errors call its place. */
export function architectureOf(modelType: string, location: string): Architecture {
  const found = ARCHITECTURES.find(({ modelTypes }) => modelTypes.includes(modelType));
  if (found !== undefined) return found;
  throw new RangeError(
    `Cannot load a model of type ${JSON.stringify(modelType)} (${location})${didYouMean(modelType, MODEL_TYPES)}; known: ${MODEL_TYPES.join(', ')}`,
  );
}
