import { type TokenizerSettings, tokenSetting } from '../tokenizer-settings.ts';
import type { AddedToken } from './added-tokens.ts';
import { configuredTokens, withAddedTokens } from './configured-tokens.ts';
import { PIECE_TYPES } from './piece-types.ts';
import type { SentencePiece } from './sentence-piece.ts';
import { SentencePieceTokenizer } from './sentence-piece-tokenizer.ts';

/**
 * A tokenizer whose ids are those of the SentencePiece file, with what tokenizer_config.json adds: T5's `<extra_id_0>` and so on
 * behind the pieces, the highest first, and the end after a text; Llama's beginning before it; for others what `add_bos_token` and
 * `add_eos_token` say.
 */
export function modelTokenizer(processor: SentencePiece, settings: TokenizerSettings): SentencePieceTokenizer {
  const { config, family } = settings;
  const { model } = processor;
  const isT5 = family === 't5';
  const role = (name: string, id: number | undefined) =>
    processor.idOf(tokenSetting(config, name, id === undefined ? '' : model.pieces[id]!));
  const [bos, eos, pad] = [
    role('bos_token', model.bosId),
    role('eos_token', model.eosId),
    role('pad_token', model.padId),
  ];
  const numExtra = isT5 ? config.count('extra_ids', 100, 0) : 0;
  if (numExtra > MAX_EXTRA_IDS)
    throw new RangeError(`Cannot read ${config.location}: "extra_ids" is ${numExtra}, wanted at most ${MAX_EXTRA_IDS}`);
  const roles = special([bos, eos, pad], model.pieces);
  const vocabulary = withAddedTokens(
    model.pieces,
    markedTokens(processor),
    roles,
    extraTokens(numExtra, model.pieces.length),
    configuredTokens(config),
  );
  const list = (isWanted: boolean, id: number | undefined) => (isWanted && id !== undefined ? [id] : []);
  return new SentencePieceTokenizer({
    processor,
    ...vocabulary,
    roles: { bos, eos, pad, unk: model.unkId },
    before: list(config.boolean('add_bos_token', family === 'llama'), bos),
    after: list(config.boolean('add_eos_token', isT5), eos),
  });
}

const MAX_EXTRA_IDS = 100_000;

/** The file's control tokens and its unknown one. */
function markedTokens({ model }: SentencePiece): readonly AddedToken[] {
  const { control, unknown } = PIECE_TYPES;
  const ids = model.pieces.keys();
  return special(
    [...ids].filter((id) => model.types[id] === control || model.types[id] === unknown),
    model.pieces,
  );
}

function special(ids: readonly (number | undefined)[], pieces: readonly string[]): readonly AddedToken[] {
  return ids.flatMap((id) => (id === undefined ? [] : [{ id, content: pieces[id]!, isSpecial: true }]));
}

function extraTokens(count: number, start: number): readonly AddedToken[] {
  return Array.from({ length: count }, (_, i) => ({
    id: start + count - 1 - i,
    content: `<extra_id_${i}>`,
    isSpecial: true,
  }));
}
