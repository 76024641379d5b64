import { platform } from '#platform';
import { loadSentencePiece } from '../sentence-piece/load-sentence-piece.ts';
import type { SentencePiece } from '../sentence-piece/sentence-piece.ts';
import { SentencePieceTokenizer } from '../sentence-piece/sentence-piece-tokenizer.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { type TokenizerSettings, tokenSetting } from '../tokenizer-settings.ts';
import { MARIAN_FORMAT } from './language-format.ts';
import { expectToken, readVocabularyFile } from './vocabulary-file.ts';

type Options = { readonly signal?: AbortSignal | undefined };

const LANGUAGE_PREFIX = /^>>.*?<</s;

/**
 * Marian's tokenizers: source.spm and target.spm cut the texts, vocab.json has the ids of both, or, with `separate_vocabs`, of the
 * source, and target_vocab.json of the target. Throws an `Error` for files that are missing, and a `RangeError` for a vocabulary
 * without the end, the padding or the unknown token.
 */
export async function loadMarian(
  settings: TokenizerSettings,
  options: Options = {},
): Promise<{ readonly source: Tokenizer; readonly target: Tokenizer }> {
  const { folder, config } = settings;
  const path = (name: string) => platform.join(folder, name);
  const hasTwo = config.boolean('separate_vocabs', await platform.isFile(path('target_vocab.json')));
  const targetPath = path(hasTwo ? 'target_vocab.json' : 'vocab.json');
  const [sourceModel, targetModel, sourceTokens, targetTokens] = await Promise.all([
    loadSentencePiece(path('source.spm'), options),
    loadSentencePiece(path('target.spm'), options),
    readVocabularyFile(path('vocab.json'), options),
    readVocabularyFile(targetPath, options),
  ]);
  return {
    source: marianTokenizer(sourceModel, sourceTokens, path('vocab.json'), settings),
    target: marianTokenizer(targetModel, targetTokens, targetPath, settings),
  };
}

function marianTokenizer(
  processor: SentencePiece,
  tokens: readonly (string | undefined)[],
  location: string,
  { config }: TokenizerSettings,
): SentencePieceTokenizer {
  const id = (name: string, fallback: string) => expectToken(tokens, tokenSetting(config, name, fallback), location);
  const [eos, unk, pad] = [id('eos_token', '</s>'), id('unk_token', '<unk>'), id('pad_token', '<pad>')];
  const specials = new Set([eos, unk, pad]);
  const addedTokens = [...specials].map((id) => ({ id, content: tokens[id]!, isSpecial: true }));
  const languages = tokens.flatMap((token, id) =>
    token !== undefined && MARIAN_FORMAT.pattern.test(token) ? [id] : [],
  );
  return new SentencePieceTokenizer({
    processor,
    tokens,
    addedTokens,
    specialIds: languages,
    roles: { eos, unk, pad },
    before: [],
    after: [eos],
    prefix: LANGUAGE_PREFIX,
  });
}
