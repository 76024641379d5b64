import { platform } from '#platform';
import { isGgufModel } from '../formats/gguf/open-gguf.ts';
import { byteLevelFiles } from './byte-level-files.ts';
import { loadGgufTokenizer } from './gguf/load-gguf-tokenizer.ts';
import { HuggingFaceTokenizer } from './hugging-face-tokenizer.ts';
import { loadSentencePiece } from './sentence-piece/load-sentence-piece.ts';
import { modelTokenizer } from './sentence-piece/model-vocabulary.ts';
import { fairseqTokenizer } from './source-target/fairseq-tokenizer.ts';
import { MBART_CODES, MBART50_CODES, NLLB_CODES } from './source-target/language-codes.ts';
import { loadM2M100 } from './source-target/load-m2m100.ts';
import { loadMarian } from './source-target/load-marian.ts';
import type { Tokenizer } from './tokenizer.ts';
import { SENTENCE_PIECE_FILES } from './tokenizer-file-names.ts';
import { readTokenizerSettings, type TokenizerSettings } from './tokenizer-settings.ts';

type Options = { readonly signal?: AbortSignal | undefined };

/** A file of a format that is not read, which says that a folder has a tokenizer after all. */
const OTHER_FORMATS = ['vocab.json', 'vocab.txt'];

/**
 * The tokenizer of a model's folder or of a GGUF file; undefined if it has none. It reads tokenizer.json with
 * tokenizer_config.json; Marian's source.spm (what the decoder writes: `loadSourceTargetTokenizer`); a SentencePiece file
 * (sentencepiece.bpe.model, spiece.model, tokenizer.model); vocab.json with merges.txt of GPT-2 and BART.
 * Throws an `Error` if it has one in another format only, or a part of one.
 */
export async function loadTokenizer(folder: string, options: Options = {}): Promise<Tokenizer | undefined> {
  if (await isGgufModel(folder)) return loadGgufTokenizer(folder, options);
  const settings = await readTokenizerSettings(folder, options);
  if (await isMarian(settings)) return (await loadMarian(settings, options)).source;
  const location = platform.join(folder, 'tokenizer.json');
  const text = await platform.readText(location, options);
  if (text !== undefined) {
    const config = await platform.readText(platform.join(folder, 'tokenizer_config.json'), options);
    return new HuggingFaceTokenizer(text, config, location);
  }
  return (await loadFromModelFile(settings, options)) ?? (await loadFromLists(settings, options));
}

/** Whether a folder has Marian's two SentencePiece files. */
export async function isMarian({ folder, family }: TokenizerSettings): Promise<boolean> {
  const [source, target] = await Promise.all(
    ['source.spm', 'target.spm'].map((name) => platform.isFile(platform.join(folder, name))),
  );
  return source! && (target! || family === 'marian');
}

async function loadFromModelFile(settings: TokenizerSettings, options: Options): Promise<Tokenizer | undefined> {
  for (const name of SENTENCE_PIECE_FILES) {
    const location = platform.join(settings.folder, name);
    if (!(await platform.isFile(location))) continue;
    if (settings.family === 'm2m100') return loadM2M100(location, settings, options);
    const processor = await loadSentencePiece(location, options);
    switch (settings.family) {
      case 'mbart':
        return fairseqTokenizer(processor, MBART_CODES, settings);
      case 'mbart50':
        return fairseqTokenizer(processor, MBART50_CODES, settings);
      case 'nllb':
        return fairseqTokenizer(processor, NLLB_CODES, settings);
      default:
        return modelTokenizer(processor, settings);
    }
  }
  return undefined;
}

async function loadFromLists(settings: TokenizerSettings, options: Options): Promise<Tokenizer | undefined> {
  const files = await byteLevelFiles(settings, options);
  if (files !== undefined) return new HuggingFaceTokenizer(files.tokenizer, files.config, files.location);
  for (const name of OTHER_FORMATS) {
    if (await platform.isFile(platform.join(settings.folder, name))) {
      throw new Error(
        `Cannot load the tokenizer of ${settings.folder}: it has ${name}, wanted tokenizer.json ` +
          '(in Python: AutoTokenizer.from_pretrained(folder).save_pretrained(folder) writes it)',
      );
    }
  }
  return undefined;
}
