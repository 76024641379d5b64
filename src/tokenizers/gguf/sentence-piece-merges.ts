import { PIECE_TYPES } from '../sentence-piece/piece-types.ts';
import { type GgufVocabulary, numberList } from './gguf-vocabulary.ts';

/**
 * The merges that make a SentencePiece BPE of its scores: every way to cut a token in two tokens, those of the highest score first.
 * A piece is joined to its neighbour where the two make the token of the best score, which is what llama.cpp does.
 */
export function sentencePieceMerges({ fields, tokens, types }: GgufVocabulary): readonly [string, string][] {
  const scores = numberList(fields, 'tokenizer.ggml.scores', tokens.length);
  if (scores === undefined) throw new RangeError(`Cannot read ${fields.location}: "tokenizer.ggml.scores" is missing`);
  const mergeable: readonly number[] = [PIECE_TYPES.normal, PIECE_TYPES.userDefined, PIECE_TYPES.unused];
  const ids = tokens.map((_, id) => id).filter((id) => mergeable.includes(types[id]!));
  const known = new Set(ids.map((id) => tokens[id]!));
  const byScore = ids.sort((a, b) => scores[b]! - scores[a]! || a - b);
  return byScore.flatMap((id) => cuts(tokens[id]!, known));
}

/** Longer tokens would take time beyond all bounds in a hostile file. */
const MAX_MERGED_LENGTH = 1024;

function cuts(token: string, known: ReadonlySet<string>): [string, string][] {
  if (token.length > MAX_MERGED_LENGTH) return [];
  const pairs: [string, string][] = [];
  let at = 0;
  for (const character of token) {
    at += character.length;
    const [left, right] = [token.slice(0, at), token.slice(at)];
    if (known.has(left) && known.has(right)) pairs.push([left, right]);
  }
  return pairs;
}
