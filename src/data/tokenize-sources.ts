import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { DocumentEncoder, type DocumentMarks, type EncodedPiece } from './encode-documents.ts';
import { requireKnownOptions } from './known-options.ts';
import type { PairEncoding } from './pair-encoding.ts';
import { readDocuments } from './read-documents.ts';
import type { DatasetKind } from './text-document.ts';
import { parseSource, type TextSource } from './text-source.ts';

/** How far the preparation of a dataset has come. */
export interface TokenizeProgress {
  /** `verify`: the bytes of shards that are there already are checked; `tokenize`: sources are read. */
  readonly phase: 'verify' | 'tokenize';
  readonly bytes: number;
  /** Undefined where the sizes of the sources are not known before they are read: in `tokenizeInMemory`. */
  readonly totalBytes: number | undefined;
  readonly numTokens: number;
  readonly numDocuments: number;
}

/** What to tokenise, and how. */
export interface TokenizeOptions extends DocumentMarks {
  /** Paths (URLs in a browser) ending with .txt, .jsonl, .ndjson or .tsv, or descriptions of sources. */
  readonly sources: readonly (TextSource | string)[];
  readonly tokenizer: Tokenizer;
  /** How a model reads pairs that has an encoder and tokenizers of its own; unless given, by `tokenizer` and the marks. */
  readonly pairs?: PairEncoding | undefined;
  /** Aborts with its reason, and nothing stays behind; what has been prepared does not listen to it. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TokenizeProgress) => void) | undefined;
}

export const TOKENIZE_OPTION_NAMES = [
  'sources',
  'tokenizer',
  'pairs',
  'beginTokenId',
  'endTokenId',
  'signal',
  'onProgress',
] as const satisfies readonly (keyof TokenizeOptions)[];

/** Throws a `TypeError` for an unknown option and for no sources; gives the sources, checked. */
export function checkTokenizeOptions(options: TokenizeOptions, known: readonly string[]): readonly TextSource[] {
  requireKnownOptions('Cannot prepare a dataset', options, known);
  if (!Array.isArray(options.sources) || options.sources.length === 0)
    throw new TypeError('Cannot prepare a dataset: sources is empty or missing, wanted a list of at least one');
  return options.sources.map(parseSource);
}

/** The documents of sources as tokens, one after the other; what it has seen of them can be asked for afterwards. */
export class SourceTokenizer {
  readonly #sources: readonly TextSource[];
  readonly #options: TokenizeOptions;
  readonly #encoder: DocumentEncoder;
  #kind: DatasetKind = 'text';
  #numTokens = 0;
  #numDocuments = 0;
  #numBytes = 0;

  constructor(sources: readonly TextSource[], options: TokenizeOptions) {
    this.#sources = sources;
    this.#options = options;
    this.#encoder = new DocumentEncoder(options.tokenizer, options, options.pairs);
  }

  /** What of the options shows in the tokens, beside sources and tokenizer. */
  get settings(): object {
    return this.#encoder.settings;
  }

  /** Token ids are below it. */
  get vocabSize(): number {
    return this.#encoder.vocabSize;
  }

  /** What the documents so far are. */
  get kind(): DatasetKind {
    return this.#kind;
  }

  async *pieces(totalBytes: number | undefined): AsyncGenerator<EncodedPiece> {
    const { signal, onProgress } = this.#options;
    const onRead = (numBytes: number) => {
      this.#numBytes += numBytes;
      const [numTokens, numDocuments] = [this.#numTokens, this.#numDocuments];
      onProgress?.({ phase: 'tokenize', bytes: this.#numBytes, totalBytes, numTokens, numDocuments });
    };
    for await (const piece of readDocuments(this.#sources, { signal, onRead })) {
      const encoded = this.#encoder.encode(piece);
      if (piece.kind !== 'text') this.#kind = piece.kind;
      this.#numTokens += encoded.tokenIds.length;
      if (piece.isFirst) this.#numDocuments++;
      yield encoded;
    }
  }
}
