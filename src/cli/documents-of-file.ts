import { DocumentEncoder } from '../data/encode-documents.ts';
import { readDocuments } from '../data/read-documents.ts';
import type { DocumentToScore } from '../decoding/score-documents.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { hasDocuments, sourceOf } from './training/data-parts.ts';

/** A document of which the tokens after `numGiven` are predicted. */
type EncodedDocument = Required<DocumentToScore> & { readonly numGiven: number };

export interface EncodeFileOptions {
  readonly separator: string | undefined;
  /** Tokens that are predicted at most. */
  readonly maxTokens: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * The documents of a file as a model is evaluated on them; of prompts and sources only what follows them is predicted. Throws a
 * `RangeError` where nothing is to be predicted, and what the reading of data throws.
 */
export async function documentsOfFile(
  path: string,
  tokenizer: Tokenizer,
  options: EncodeFileOptions,
): Promise<readonly EncodedDocument[]> {
  const documents = firstOf(await encodeFile(path, tokenizer, options), options.maxTokens);
  if (documents.length === 0) throw new RangeError(`Cannot evaluate ${path}: it has no token to predict`);
  return documents;
}

/** Documents end with the end mark, which is predicted too; a plain text has no end. */
async function encodeFile(
  path: string,
  tokenizer: Tokenizer,
  { separator, signal }: EncodeFileOptions,
): Promise<readonly EncodedDocument[]> {
  const source = sourceOf({ path }, separator);
  const encoder = new DocumentEncoder(tokenizer, hasDocuments(source) ? {} : { endTokenId: 'none' });
  const documents: { tokenIds: number[]; numGiven: number }[] = [];
  for await (const piece of readDocuments([source], { signal })) {
    const { tokenIds, promptLength, isFirst } = encoder.encode(piece);
    if (isFirst) documents.push({ tokenIds: [], numGiven: Math.max(1, promptLength) });
    for (const id of tokenIds) documents.at(-1)!.tokenIds.push(id);
  }
  return documents.filter(({ tokenIds, numGiven }) => tokenIds.length > numGiven);
}

/** The documents from the beginning on in which at most `maxTokens` tokens are predicted. */
function firstOf(
  documents: readonly EncodedDocument[],
  maxTokens = Number.POSITIVE_INFINITY,
): readonly EncodedDocument[] {
  const kept: EncodedDocument[] = [];
  let left = maxTokens;
  for (const { tokenIds, numGiven } of documents) {
    if (left === 0) break;
    const length = Math.min(tokenIds.length, numGiven + left);
    kept.push({ tokenIds: tokenIds.slice(0, length), numGiven });
    left -= length - numGiven;
  }
  return kept;
}
