import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { hasEncoder } from '../models/language-model.ts';
import type { Prompt } from './generate-options.ts';
import type { ScoreInputs, ScoreOptions } from './score-text.ts';
import { type TextAssets, targetStartOf } from './text-assets.ts';

type ScoreAssets = Pick<TextAssets, 'tokenizer' | 'sourceTarget' | 'defaults'>;

type Given = Pick<ScoreOptions, 'source' | 'from' | 'to' | 'stride'>;

/**
 * The tokens of a text, or of a target and its source. Throws a `TypeError` for what does not go together or needs a tokenizer that
 * is not there, and as the tokenizer does for languages.
 */
export function readScoreInputs(
  text: Prompt,
  given: Given,
  of: { readonly config: ModelConfig | EncoderDecoderConfig; readonly assets: ScoreAssets },
): ScoreInputs {
  const { config, assets } = of;
  return hasEncoder(config) ? readTarget(text, given, config, assets) : readText(text, given, assets);
}

function readText(text: Prompt, { source, from, to }: Given, { tokenizer }: ScoreAssets): ScoreInputs {
  const name = Object.entries({ source, from, to }).find(([, value]) => value !== undefined)?.[0];
  if (name !== undefined) refuse(`${name} is given, but the model has no encoder that reads a source`);
  return { textIds: typeof text === 'string' ? need(tokenizer, 'the text').encode(text) : text };
}

function readTarget(
  text: Prompt,
  { source, from, to, stride }: Given,
  config: EncoderDecoderConfig,
  { sourceTarget, defaults }: ScoreAssets,
): ScoreInputs {
  if (source === undefined) refuse('the model scores a target, given its source; wanted source');
  if (stride !== undefined) refuse('stride is given, but a target is not read in windows');
  if (typeof source !== 'string' && from !== undefined)
    refuse('the source is given as token ids, which have their language in them, but so is from');
  const sourceIds =
    typeof source === 'string' ? need(sourceTarget, 'the source').encodeSource(source, { from, to }) : source;
  const targetIds = typeof text === 'string' ? need(sourceTarget, 'the target').encodeTarget(text, { to }) : text;
  if (targetIds.length === 0) throw new RangeError('Cannot score a text: the target has no tokens');
  // Token ids of a target have their language in them, but not what they begin with.
  const isTold = typeof text === 'string' || to !== undefined;
  const start = isTold ? need(sourceTarget, 'the language').targetStart({ to }) : {};
  const startTokenId = start.decoderStartTokenId ?? targetStartOf(config, defaults);
  if (startTokenId === undefined)
    refuse(
      'it is not known what a target begins with; wanted decoder_start_token_id in generation_config.json or config.json',
    );
  return { sourceIds, startTokenId, targetIds };
}

function need<Text>(tokenizer: Text | undefined, what: string): Text {
  return tokenizer ?? refuse(`${what} is a text, but the model has no tokenizer; give token ids instead`);
}

function refuse(problem: string): never {
  throw new TypeError(`Cannot score a text: ${problem}`);
}
