import { expect, test } from 'vitest';
import { HuggingFaceTokenizer } from '../hugging-face-tokenizer.ts';
import { createSourceTargetTokenizer } from './create-source-target-tokenizer.ts';
import {
  type LanguageFormat,
  M2M100_FORMAT,
  MARIAN_FORMAT,
  MBART_FORMAT,
  MBART50_FORMAT,
  NLLB_FORMAT,
  NLLB_LEGACY_FORMAT,
} from './language-format.ts';
import type { SourceLanguages, SourceTargetTokenizer } from './source-target-tokenizer.ts';

const WORDS = ['</s>', 'a', 'b', '<unk>'];

/** Words apart by spaces, and languages from id 4 on. */
function tokenizerWith(languages: readonly string[]): HuggingFaceTokenizer {
  const tokens = [...WORDS, ...languages];
  const special = [0, 3, ...languages.map((_, i) => i + WORDS.length)];
  const file = {
    added_tokens: special.map((id) => ({ id, content: tokens[id], special: true })),
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: null,
    decoder: null,
    model: { type: 'WordLevel', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), unk_token: '<unk>' },
  };
  return new HuggingFaceTokenizer(JSON.stringify(file), '{"eos_token":"</s>","unk_token":"<unk>"}');
}

function multilingual(
  format: LanguageFormat,
  codes: readonly string[],
  defaults?: SourceLanguages,
): SourceTargetTokenizer {
  const tokenizer = tokenizerWith(codes);
  return createSourceTargetTokenizer({ source: tokenizer, target: tokenizer, format, defaults });
}

test.each([
  ['mBART', MBART_FORMAT, ['fr_XX', 'en_XX'], [1, 0, 5], [2, 0, 4], { decoderStartTokenId: 4 }],
  ['mBART-50', MBART50_FORMAT, ['fr_XX', 'en_XX'], [5, 1, 0], [4, 2, 0], { forcedBosTokenId: 4 }],
  ['M2M-100', M2M100_FORMAT, ['__fr__', '__en__'], [5, 1, 0], [4, 2, 0], { forcedBosTokenId: 4 }],
  ['NLLB', NLLB_FORMAT, ['fra_Latn', 'eng_Latn'], [5, 1, 0], [4, 2, 0], { forcedBosTokenId: 4 }],
  ['the first NLLB', NLLB_LEGACY_FORMAT, ['fra_Latn', 'eng_Latn'], [1, 0, 5], [2, 0, 4], { forcedBosTokenId: 4 }],
] as const)('%s puts the codes where it was trained with them', (_, format, tokens, source, target, start) => {
  const tokenizer = multilingual(format, tokens);
  const [en, fr] = tokenizer.languages as [string, string];
  expect([en.slice(0, 2), fr.slice(0, 2)]).toEqual(['en', 'fr']);
  expect(tokenizer.encodeSource('a', { from: en, to: fr })).toEqual(source);
  expect(tokenizer.encodeTarget('b', { to: fr })).toEqual(target);
  expect(tokenizer.targetStart({ to: fr })).toEqual(start);
  expect(tokenizer.languageId(tokens[0])).toBe(4);
  expect(tokenizer.decode([4, 1, 2, 0])).toBe('a b');
});

test('Marian is told the target before the source', () => {
  const tokenizer = multilingual(MARIAN_FORMAT, ['>>fra<<', '>>deu<<']);
  expect(tokenizer.languages).toEqual(['deu', 'fra']);
  expect(tokenizer.encodeSource('a', { to: 'deu' })).toEqual([5, 1, 0]);
  expect(tokenizer.encodeSource('a', { to: '>>deu<<' })).toEqual([5, 1, 0]);
  expect(tokenizer.encodeSource('>>fra<< a')).toEqual([4, 1, 0]);
  expect(tokenizer.encodeTarget('b', { to: 'deu' })).toEqual([2, 0]);
  expect(tokenizer.targetStart({ to: 'deu' })).toEqual({});
  expect(() => tokenizer.encodeSource('a', { from: 'deu', to: 'fra' })).toThrow('from is "deu", but this model');
});

test('the configuration may name the languages', () => {
  const tokenizer = multilingual(MBART50_FORMAT, ['fr_XX', 'en_XX'], { from: 'en_XX', to: 'fr_XX' });
  expect(tokenizer.encodeSource('a')).toEqual([5, 1, 0]);
  expect(tokenizer.targetStart()).toEqual({ forcedBosTokenId: 4 });
});

test('a language that is missing or unknown is named, with those that there are', () => {
  const tokenizer = multilingual(NLLB_FORMAT, ['fra_Latn', 'eng_Latn'], { from: 'eng' });
  expect(() => tokenizer.encodeSource('a')).toThrow(
    'Cannot encode a source: its language is missing, wanted from, one of eng_Latn, fra_Latn',
  );
  expect(() => tokenizer.targetStart()).toThrow('Cannot start a target: its language is missing, wanted to');
  expect(() => tokenizer.encodeTarget('a', { to: 'fra_latn' })).toThrow(
    'Cannot find the language "fra_latn", did you mean "fra_Latn"?; this model has eng_Latn, fra_Latn',
  );
  expect(() => tokenizer.encodeSource('a', { from: 'eng_Latn', to: 'deu' })).toThrow('Cannot find the language "deu"');
});

test.each([undefined, NLLB_FORMAT])('without tokens for languages a text is encoded as it is', (format) => {
  const plain = tokenizerWith([]);
  const tokenizer = createSourceTargetTokenizer({ source: plain, target: plain, format });
  expect(tokenizer.languages).toEqual([]);
  expect(tokenizer.encodeSource('a b')).toEqual([1, 2]);
  expect(tokenizer.encodeTarget('b')).toEqual([2]);
  expect(tokenizer.targetStart()).toEqual({});
  expect(() => tokenizer.encodeSource('a', { to: 'fr' })).toThrow(
    'Cannot encode a source: to is "fr", but this model has no tokens for languages',
  );
  expect(() => tokenizer.languageId('fr')).toThrow('this model has no tokens for languages');
});
