import { platform } from '#platform';
import type { AddedToken } from '../sentence-piece/added-tokens.ts';
import { configuredTokens, withAddedTokens } from '../sentence-piece/configured-tokens.ts';
import { loadSentencePiece } from '../sentence-piece/load-sentence-piece.ts';
import { SentencePieceTokenizer } from '../sentence-piece/sentence-piece-tokenizer.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { type TokenizerSettings, tokenSetting } from '../tokenizer-settings.ts';
import { M2M100_CODES, WMT21_CODES } from './language-codes.ts';
import { expectToken, readVocabularyFile } from './vocabulary-file.ts';

/**
 * M2M-100's tokenizer: the SentencePiece file cuts a text, vocab.json has the ids, behind which stand the languages. A text is followed
 * by its end; its language is for `createSourceTargetTokenizer`. Throws as `readVocabularyFile` and `loadSentencePiece`.
 */
export async function loadM2M100(
  modelPath: string,
  { folder, config }: TokenizerSettings,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Tokenizer> {
  const location = platform.join(folder, 'vocab.json');
  const [processor, tokens] = await Promise.all([
    loadSentencePiece(modelPath, options),
    readVocabularyFile(location, options),
  ]);
  const id = (name: string, fallback: string) => expectToken(tokens, tokenSetting(config, name, fallback), location);
  const roles = {
    bos: id('bos_token', '<s>'),
    eos: id('eos_token', '</s>'),
    pad: id('pad_token', '<pad>'),
    unk: id('unk_token', '<unk>'),
  };
  const special = (id: number, content: string): AddedToken => ({ id, content, isSpecial: true });
  const codes = config.oneOf('language_codes', ['m2m100', 'wmt21'], 'm2m100') === 'm2m100' ? M2M100_CODES : WMT21_CODES;
  const added = [...new Set(Object.values(roles))].map((id) => special(id, tokens[id]!));
  const languages = codes.map((code, i) => special(tokens.length + i, `__${code}__`));
  return new SentencePieceTokenizer({
    processor,
    ...withAddedTokens(tokens, added, languages, configuredTokens(config)),
    roles,
    before: [],
    after: [roles.eos],
  });
}
