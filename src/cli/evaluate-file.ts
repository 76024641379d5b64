import { DocumentEncoder } from '../data/encode-documents.ts';
import { readDocuments } from '../data/read-documents.ts';
import type { LLM } from '../llm/llm.ts';
import { Detokenizer } from '../tokenizers/detokenizer.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { hasDocuments, sourceOf } from './training/data-parts.ts';

/** How well a model predicts what it is evaluated on. */
export interface Evaluation {
  readonly numDocuments: number;
  /** Tokens that were predicted. */
  readonly numTokens: number;
  /** Of the text that they stand for. */
  readonly numBytes: number;
  /** Mean of −ln P(token). */
  readonly loss: number;
  readonly perplexity: number;
  readonly bitsPerToken: number;
  /** null where the tokens stand for no text. */
  readonly bitsPerByte: number | null;
}

export interface FileEvaluation extends Evaluation {
  readonly path: string;
}

export interface EvaluateOptions {
  /** The name of one that was loaded with the model. */
  readonly adapter: string | undefined;
  readonly separator: string | undefined;
  readonly stride: number | undefined;
  /** Tokens that are predicted at most. */
  readonly maxTokens: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (numTokens: number, totalTokens: number) => void;
}

interface EncodedDocument {
  readonly tokenIds: readonly number[];
  /** Tokens at its beginning that are not predicted. */
  readonly numGiven: number;
}

/**
 * Evaluates a model on the documents of a file, each by itself; of prompts and sources only what follows them counts. Throws an
 * `Error` for a model without a tokenizer, a `RangeError` where nothing is to be predicted, and what the reading of data throws.
 */
export async function evaluateFile(llm: LLM, path: string, options: EvaluateOptions): Promise<FileEvaluation> {
  const { adapter, stride, signal, onProgress } = options;
  const { tokenizer } = llm;
  if (tokenizer === undefined) throw new Error("Cannot evaluate: the model's folder has no tokenizer.json");
  const documents = firstOf(await encodeFile(path, tokenizer, options), options.maxTokens);
  const total = documents.reduce((sum, { tokenIds, numGiven }) => sum + tokenIds.length - numGiven, 0);
  if (total === 0) throw new RangeError(`Cannot evaluate ${path}: it has no token to predict`);
  const sums = { logProb: 0, numTokens: 0, numBytes: 0 };
  for (const { tokenIds, numGiven } of documents) {
    const onWindow = (numTokens: number) => onProgress(Math.min(total, sums.numTokens + numTokens), total);
    const { tokens } = await llm.score(tokenIds, { adapter, stride, signal, onProgress: onWindow });
    for (const { logProb } of tokens.slice(numGiven)) sums.logProb += logProb!;
    sums.numBytes += bytesOf(tokenIds, numGiven, tokenizer);
    sums.numTokens += tokenIds.length - numGiven;
  }
  return { path, ...evaluationOf({ ...sums, numDocuments: documents.length }) };
}

/** All files as one. */
export function sumOf(evaluations: readonly Evaluation[]): Evaluation {
  const sum = (value: (one: Evaluation) => number) => evaluations.reduce((all, one) => all + value(one), 0);
  return evaluationOf({
    logProb: -sum(({ loss, numTokens }) => loss * numTokens),
    numDocuments: sum(({ numDocuments }) => numDocuments),
    numTokens: sum(({ numTokens }) => numTokens),
    numBytes: sum(({ numBytes }) => numBytes),
  });
}

/** What sums over all tokens come to. */
export function evaluationOf(sums: {
  logProb: number;
  numDocuments: number;
  numTokens: number;
  numBytes: number;
}): Evaluation {
  const { logProb, numDocuments, numTokens, numBytes } = sums;
  const loss = -logProb / numTokens;
  const bits = -logProb / Math.LN2;
  const bitsPerByte = numBytes === 0 ? null : bits / numBytes;
  return {
    numDocuments,
    numTokens,
    numBytes,
    loss,
    perplexity: Math.exp(loss),
    bitsPerToken: bits / numTokens,
    bitsPerByte,
  };
}

/** Documents end with the end mark, which is predicted too; a plain text has no end. */
async function encodeFile(
  path: string,
  tokenizer: Tokenizer,
  { separator, signal }: EvaluateOptions,
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

/** Of the text that tokens from number `first` on stand for. */
function bytesOf(tokenIds: readonly number[], first: number, tokenizer: Tokenizer): number {
  const detokenizer = new Detokenizer(tokenizer, { after: tokenIds.slice(0, first) });
  const texts = tokenIds.slice(first).map((id) => detokenizer.push(id));
  return new TextEncoder().encode(`${texts.join('')}${detokenizer.flush()}`).length;
}
