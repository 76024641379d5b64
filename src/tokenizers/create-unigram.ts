import { Tokenizer as Library } from '@huggingface/tokenizers';
import { rememberWords } from './remember-words.ts';
import { wellFormed } from './sentence-piece/normalizer.ts';
import { pieceOfByte } from './sentence-piece/sentence-piece-model.ts';
import { UnigramModel } from './sentence-piece/unigram-model.ts';

/** The `model` of a tokenizer.json that is a Unigram. */
interface UnigramFile {
  /** Tokens and their log probabilities, by id. */
  readonly vocab: readonly (readonly [string, number])[];
  readonly unk_id?: number | null;
  readonly byte_fallback?: boolean;
}

/** How much less likely an unknown character is than the least likely token. */
const UNKNOWN_PENALTY = 10;

/**
 * The library's tokenizer of a Unigram, with a model of ours in it that cuts words as the Rust library does: in float64, unknown
 * characters of one word as one token, bytes where the vocabulary has them. The library's own makes objects for each candidate, and
 * joins unknown tokens across words. Throws a `TypeError` for a vocabulary that does not hold.
 */
export function createUnigram(file: { readonly model: object }, config: object): Library {
  const model = checked(file.model);
  const library = new Library({ ...file, model: { type: 'Unigram', vocab: [['', 0]], unk_id: 0 } }, config);
  const tables = library.model as unknown as LibraryModel;
  const addedTokens = [...tables.tokens_to_ids].filter(([token]) => token !== '');
  const tokens = model.vocab.map(([token]) => token);
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const cut = wordCutter(model, ids);
  tables.vocab = tokens;
  tables.tokens_to_ids.clear();
  for (const [token, id] of [...ids, ...addedTokens]) {
    tables.tokens_to_ids.set(token, id);
    tables.vocab[id] = token;
  }
  tables.unk_token_id = model.unk_id ?? undefined;
  tables.fuse_unk = false;
  tables.encode = (words) => words.flatMap((word) => cut(word));
  return library;
}

/** What we fill of the library's model. */
interface LibraryModel {
  readonly tokens_to_ids: Map<string, number>;
  vocab: string[];
  unk_token_id: number | undefined;
  fuse_unk: boolean;
  encode: (words: readonly string[]) => string[];
}

function checked(model: object): UnigramFile {
  const { vocab, unk_id } = model as UnigramFile;
  if (!Array.isArray(vocab)) throw new TypeError('the vocabulary of its Unigram is no list');
  const faulty = vocab.findIndex(
    (entry) => !Array.isArray(entry) || typeof entry[0] !== 'string' || !Number.isFinite(entry[1]),
  );
  if (faulty >= 0)
    throw new TypeError(`entry ${faulty} of its vocabulary is ${JSON.stringify(vocab[faulty])}, wanted [token, score]`);
  if (unk_id !== undefined && unk_id !== null && vocab[unk_id] === undefined)
    throw new TypeError(`its unk_id is ${JSON.stringify(unk_id)}, wanted below ${vocab.length}`);
  return model as UnigramFile;
}

/** A word's tokens; words repeat, so they are kept. */
function wordCutter(
  { vocab, unk_id, byte_fallback }: UnigramFile,
  ids: ReadonlyMap<string, number>,
): (word: string) => readonly string[] {
  const unkId = unk_id ?? undefined;
  const unigram = new UnigramModel({
    pieces: [...ids].filter(([token]) => token !== ''),
    scores: vocab.map(([, score]) => score),
    unkId,
    unkScore: vocab.reduce((lowest, [, score]) => Math.min(lowest, score), Number.POSITIVE_INFINITY) - UNKNOWN_PENALTY,
    precision: 'float64',
  });
  const cut = (word: string): readonly string[] => {
    const tokens: string[] = [];
    let unknown = '';
    const addUnknown = () => {
      if (unknown !== '') tokens.push(...((byte_fallback && bytesOf(unknown, ids)) || [unknown]));
      unknown = '';
    };
    for (const { text, id } of unigram.segment(wellFormed(word))) {
      if (id === unkId) unknown += text;
      else {
        addUnknown();
        tokens.push(text);
      }
    }
    addUnknown();
    return tokens;
  };
  return rememberWords(cut);
}

/** The byte tokens of a text, if the vocabulary has all of them. */
function bytesOf(text: string, ids: ReadonlyMap<string, number>): readonly string[] | undefined {
  const tokens = Array.from(new TextEncoder().encode(text), pieceOfByte);
  return tokens.every((token) => ids.has(token)) ? tokens : undefined;
}
