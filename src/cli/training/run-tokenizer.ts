import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDocuments } from '../../data/read-documents.ts';
import type { TextSource } from '../../data/text-source.ts';
import { copyModelFiles } from '../../models/copy-model-files.ts';
import { loadTokenizer } from '../../tokenizers/load-tokenizer.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { trainBpe } from '../../tokenizers/training/train-bpe.ts';
import { trainCharacters } from '../../tokenizers/training/train-characters.ts';
import type { TrainedTokenizer } from '../../tokenizers/training/trained-tokenizer.ts';
import type { TrainingControl } from '../../tokenizers/training/training-options.ts';
import type { RunSettings } from './complete-settings.ts';
import { hasDocuments } from './data-parts.ts';

const END_OF_TEXT = '<|endoftext|>';
/** Of encoder-decoder models, as BART and Marian call them. */
const [END, PADDING] = ['</s>', '<pad>'];

/** What a tokenizer is for, and where its files go. */
export interface TokenizerPlace {
  readonly sources: readonly TextSource[];
  readonly hasEncoder: boolean;
  readonly folder: string;
}

/**
 * The tokenizer of a run, whose files go into `folder`: one that is there, or a new one that is trained on the data, sources and
 * targets alike. Throws an `Error` for a folder without one, and what the training of tokenizers throws.
 */
export async function prepareTokenizer(
  settings: RunSettings,
  place: TokenizerPlace,
  control: TrainingControl,
): Promise<Tokenizer> {
  const { folder } = place;
  await mkdir(folder, { recursive: true });
  if (settings.tokenizer === undefined) {
    const { files } = await trainTokenizer(settings, place, control);
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  } else await copyModelFiles(settings.tokenizer, folder);
  return openTokenizer(settings.tokenizer ?? folder, control.signal);
}

/** The tokenizer of a folder, which must have one. */
export async function openTokenizer(folder: string, signal: AbortSignal | undefined): Promise<Tokenizer> {
  const tokenizer = await loadTokenizer(folder, { signal });
  if (tokenizer === undefined) throw new Error(`Cannot load the tokenizer of ${folder}: it has no tokenizer.json`);
  return tokenizer;
}

function trainTokenizer(
  { tokenizerKind, vocabSize }: RunSettings,
  { sources, hasEncoder }: TokenizerPlace,
  control: TrainingControl,
): Promise<TrainedTokenizer> {
  // Documents end with a token of their own. nanoGPT's characters have none.
  const hasMark = tokenizerKind === 'bpe' || sources.some(hasDocuments);
  const mark = hasEncoder ? END : hasMark ? END_OF_TEXT : undefined;
  const corpus = textsOf(sources, mark, control.signal);
  const specialTokens = hasEncoder ? [END, PADDING] : mark === undefined ? [] : [mark];
  const options = { ...control, specialTokens, ...(hasEncoder && { endToken: END, padToken: PADDING }) };
  if (tokenizerKind === 'char') return trainCharacters(corpus, options);
  return trainBpe(corpus, { ...options, vocabSize: vocabSize! });
}

/** All text of the sources, with a mark between documents, so that no word goes on beyond it. */
async function* textsOf(
  sources: readonly TextSource[],
  mark: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  for await (const { prompt, text, isFirst } of readDocuments(sources, { signal })) {
    if (isFirst && mark !== undefined) yield mark;
    if (prompt !== '') yield prompt;
    yield text;
  }
}
