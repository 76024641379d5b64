import type { AddedToken } from '../sentence-piece/added-tokens.ts';
import { configuredTokens, withAddedTokens } from '../sentence-piece/configured-tokens.ts';
import type { SentencePiece } from '../sentence-piece/sentence-piece.ts';
import { SentencePieceTokenizer } from '../sentence-piece/sentence-piece-tokenizer.ts';
import type { TokenizerSettings } from '../tokenizer-settings.ts';

const FIRST_TOKENS = ['<s>', '<pad>', '</s>', '<unk>'];
/** Of the SentencePiece file, in place of which stand those above. */
const FIRST_PIECES = ['<unk>', '<s>', '</s>'];

/**
 * The ids that fairseq gave a SentencePiece model (mBART, mBART-50, NLLB): four tokens of its own, the pieces from the fourth on, the
 * languages, `<mask>`. A text is followed by its end; its language is for `createSourceTargetTokenizer`.
 * Throws a `RangeError` if the file does not begin with `<unk>`, `<s>` and `</s>`.
 */
export function fairseqTokenizer(
  processor: SentencePiece,
  codes: readonly string[],
  { config }: TokenizerSettings,
): SentencePieceTokenizer {
  const { pieces, location } = processor.model;
  if (!FIRST_PIECES.every((piece, id) => pieces[id] === piece))
    throw new RangeError(
      `Cannot read ${location}: it begins with ${pieces.slice(0, 3).join(', ')}, wanted ${FIRST_PIECES.join(', ')}`,
    );
  const tokens = [...FIRST_TOKENS, ...pieces.slice(FIRST_PIECES.length), ...codes, '<mask>'];
  const specials = [...FIRST_TOKENS.keys(), ...tokens.keys()].filter(
    (id) => id < FIRST_TOKENS.length || id >= tokens.length - codes.length - 1,
  );
  const added = specials.map(
    (id): AddedToken => ({ id, content: tokens[id]!, isSpecial: true, stripsLeft: tokens[id] === '<mask>' }),
  );
  return new SentencePieceTokenizer({
    processor,
    ...withAddedTokens(tokens, added, configuredTokens(config)),
    roles: { bos: 0, pad: 1, eos: 2, unk: 3 },
    before: [],
    after: [2],
  });
}
