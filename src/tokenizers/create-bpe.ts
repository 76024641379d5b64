import { Tokenizer as Library } from '@huggingface/tokenizers';

/** The `model` of a tokenizer.json that is a BPE. */
interface BpeModel {
  readonly vocab: Readonly<Record<string, number>>;
  /** In the order of their ranks. */
  readonly merges: readonly Merge[];
  readonly unk_token?: string | null;
}

/** `left right`, or in newer files `[left, right]`, whose tokens may have spaces. */
type Merge = string | readonly [string, string];

/**
 * The library's tokenizer of a BPE, with tables that we fill. Its own constructor makes arrays and strings of every entry
 * on the way, and keeps them and the file beside its tables: twice the time and memory.
 */
export function createBpe(file: { readonly model: object }, config: object): Library {
  const { vocab, merges, unk_token } = file.model as BpeModel;
  const library = new Library({ ...file, model: { ...file.model, vocab: {}, merges: [] } }, config);
  const model = library.model as unknown as BpeTables;
  const addedTokens = [...model.tokens_to_ids];
  const tokens = Object.keys(vocab);
  model.vocab = new Array(tokens.length);
  const add = (token: string, id: number) => {
    model.tokens_to_ids.set(token, id);
    model.vocab[id] = token;
  };
  for (const token of tokens) add(token, vocab[token]!);
  for (const [token, id] of addedTokens) add(token, id);
  if (typeof unk_token === 'string') model.unk_token_id = model.tokens_to_ids.get(unk_token);
  model.bpe_ranks = mergeRanks(merges);
  return library;
}

/** What we fill of the library's BPE. */
interface BpeTables {
  readonly tokens_to_ids: Map<string, number>;
  vocab: string[];
  unk_token_id: number | undefined;
  /** By the JSON of `[left, right]`. */
  bpe_ranks: { get(key: string): number | undefined };
}

/** Of merges written `left right`, these texts are the keys of the table, and the library's are made into them. */
function mergeRanks(merges: readonly Merge[]): BpeTables['bpe_ranks'] {
  const ranks = new Map<string, number>();
  const areTexts = typeof merges[0] === 'string';
  for (let rank = 0; rank < merges.length; rank++) {
    const merge = merges[rank]!;
    ranks.set(typeof merge === 'string' ? merge : JSON.stringify(merge), rank);
  }
  return areTexts ? { get: (key) => ranks.get(mergeText(key)) } : ranks;
}

function mergeText(key: string): string {
  return key.includes('\\') ? (JSON.parse(key) as string[]).join(' ') : key.slice(2, -2).replace('","', ' ');
}
