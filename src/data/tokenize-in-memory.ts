import { MemoryDatasetBuilder } from './memory-dataset.ts';
import type { TokenDataset } from './token-dataset.ts';
import {
  checkTokenizeOptions,
  SourceTokenizer,
  TOKENIZE_OPTION_NAMES,
  type TokenizeOptions,
} from './tokenize-sources.ts';

/**
 * Tokenises texts into memory: for small data, and for a browser, where nothing can be written. Throws what
 * `prepareTokenDataset` throws for sources that are not as they should be.
 *
 * @example
 * const sources = [{ format: 'documents', documents: [{ text: 'Once upon a time' }] }] as const;
 * const dataset = await tokenizeInMemory({ sources, tokenizer: new ByteTokenizer() });
 */
export async function tokenizeInMemory(options: TokenizeOptions): Promise<TokenDataset> {
  const sources = checkTokenizeOptions(options, TOKENIZE_OPTION_NAMES);
  const tokenizer = new SourceTokenizer(sources, options);
  const builder = new MemoryDatasetBuilder();
  for await (const { isFirst, promptLength, tokenIds } of tokenizer.pieces(undefined)) {
    if (isFirst) builder.startDocument(promptLength);
    builder.append(tokenIds);
  }
  return builder.finish(tokenizer.kind, tokenizer.vocabSize);
}
