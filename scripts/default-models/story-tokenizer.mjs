import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HuggingFaceTokenizer, trainBpe } from 'kvasir';
import { END_OF_TEXT, VOCAB_SIZE } from './shapes.mjs';

/**
 * Trains the tokenizer of the story models: byte-level BPE that puts the mark before each text, so that an empty prompt
 * begins a story.
 * @param {readonly string[]} texts
 */
export async function trainStoryTokenizer(texts) {
  const { files } = await trainBpe(texts, { vocabSize: VOCAB_SIZE, specialTokens: [END_OF_TEXT] });
  const tokenizer = JSON.parse(files['tokenizer.json']);
  const id = tokenizer.model.vocab[END_OF_TEXT];
  const mark = { SpecialToken: { id: END_OF_TEXT, type_id: 0 } };
  const [first, second] = ['A', 'B'].map((name, i) => ({ Sequence: { id: name, type_id: i } }));
  tokenizer.post_processor = {
    type: 'TemplateProcessing',
    single: [mark, first],
    pair: [mark, first, { SpecialToken: { id: END_OF_TEXT, type_id: 1 } }, second],
    special_tokens: { [END_OF_TEXT]: { id: END_OF_TEXT, ids: [id], tokens: [END_OF_TEXT] } },
  };
  return { ...files, 'tokenizer.json': `${JSON.stringify(tokenizer, null, 1)}\n` };
}

/** @param {Awaited<ReturnType<typeof trainStoryTokenizer>>} files */
export function openTokenizer(files) {
  return new HuggingFaceTokenizer(files['tokenizer.json'], files['tokenizer_config.json']);
}

/** @param {string} folder @param {Readonly<Record<string, string>>} files by name */
export function writeFiles(folder, files) {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}
