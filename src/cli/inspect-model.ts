import { platform } from '#platform';
import { numElements } from '../base/shape.ts';
import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import type { GenerationDefaults } from '../config/generation-options.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { isGgufModel } from '../formats/gguf/open-gguf.ts';
import { openWeights } from '../formats/open-weights.ts';
import type { TensorEntry, WeightSource } from '../formats/weight-source.ts';
import { loadSourceTargetAssets, loadTextAssets } from '../llm/text-assets.ts';
import { decoderOnlyParameters } from '../models/decoder-only-parameters.ts';
import { encoderDecoderParameters } from '../models/encoder-decoder-parameters.ts';
import { describeLanguageModel, hasEncoder } from '../models/language-model.ts';
import { countParameters } from '../models/parameter-spec.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { openWeightsIfAny } from './open-weights-if-any.ts';

/** What is known of a model without running it. Of a bare weight file only the weights are. */
export interface ModelFacts {
  readonly model: string;
  /** The `model_type`. */
  readonly architecture?: string;
  readonly config?: ModelConfig | EncoderDecoderConfig;
  /** By the configuration; of a bare file, elements of all tensors. */
  readonly numParameters: number;
  readonly weights?: WeightFacts;
  readonly tokenizer?: TokenizerFacts;
  /** Codes of the languages that the model is told. */
  readonly languages?: readonly string[];
  readonly generation?: GenerationDefaults;
}

export interface WeightFacts {
  readonly bytes: number;
  /** Elements of each dtype. */
  readonly dtypes: Readonly<Record<string, number>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly TensorEntry[];
}

export interface TokenizerFacts {
  /** Of tokenizer.json: BPE, Unigram … */
  readonly kind: string | undefined;
  readonly vocabSize: number;
  readonly specialTokens: readonly { readonly id: number; readonly token: string }[];
  readonly bosTokenId: number | undefined;
  readonly eosTokenId: number | undefined;
  readonly padTokenId: number | undefined;
  readonly unkTokenId: number | undefined;
  readonly hasChatTemplate: boolean;
}

/** Reads a bare `.safetensors` file. */
export async function inspectFile(location: string, signal: AbortSignal): Promise<ModelFacts> {
  const weights = await readWeights(await openWeights(location, { signal }));
  const numParameters = Object.values(weights.dtypes).reduce((sum, count) => sum + count, 0);
  return { model: location, numParameters, weights };
}

/** Reads a model's folder; `model` is what the user calls it. */
export async function inspectFolder(model: string, folder: string, signal: AbortSignal): Promise<ModelFacts> {
  const { config } = await describeLanguageModel(folder);
  const source = await openWeightsIfAny(folder, signal);
  const weights = source === undefined ? {} : { weights: await readWeights(source) };
  const loadAssets = hasEncoder(config) ? loadSourceTargetAssets : loadTextAssets;
  const { tokenizer, sourceTarget, chatTemplate, defaults } = await loadAssets(folder, config, { signal });
  const { languages = [] } = sourceTarget ?? {};
  const hasChatTemplate = chatTemplate?.isAvailable ?? false;
  return {
    model,
    architecture: config.modelType,
    config,
    numParameters: countParameters(
      hasEncoder(config) ? encoderDecoderParameters(config) : decoderOnlyParameters(config),
    ),
    ...weights,
    ...(tokenizer === undefined ? {} : { tokenizer: await readTokenizer(folder, tokenizer, hasChatTemplate) }),
    ...(languages.length === 0 ? {} : { languages }),
    generation: defaults,
  };
}

async function readWeights(source: WeightSource): Promise<WeightFacts> {
  await source.close();
  const tensors = [...source.tensors.values()];
  const dtypes: Record<string, number> = {};
  for (const { dtype, shape } of tensors) dtypes[dtype] = (dtypes[dtype] ?? 0) + numElements(shape);
  const bytes = tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return { bytes, dtypes, metadata: Object.fromEntries(source.metadata), tensors };
}

async function readTokenizer(folder: string, tokenizer: Tokenizer, hasChatTemplate: boolean): Promise<TokenizerFacts> {
  const ids = Array.from({ length: tokenizer.vocabSize }, (_, id) => id).filter((id) => tokenizer.isSpecial(id));
  return {
    kind: await tokenizerKind(folder),
    vocabSize: tokenizer.vocabSize,
    specialTokens: ids.map((id) => ({ id, token: tokenizer.idToToken(id) ?? '' })),
    bosTokenId: tokenizer.bosTokenId,
    eosTokenId: tokenizer.eosTokenId,
    padTokenId: tokenizer.padTokenId,
    unkTokenId: tokenizer.unkTokenId,
    hasChatTemplate,
  };
}

async function tokenizerKind(folder: string): Promise<string | undefined> {
  // Both kinds that are read from GGUF are BPE.
  if (await isGgufModel(folder)) return 'BPE';
  const text = await platform.readText(platform.join(folder, 'tokenizer.json'));
  const { model } = JSON.parse(text ?? '{}') as { model?: { type?: string } };
  return model?.type;
}
