/** The names that SentencePiece files have in folders of models, by preference. */
export const SENTENCE_PIECE_FILES = [
  'sentencepiece.bpe.model',
  'spiece.model',
  'tokenizer.model',
  'spm.model',
] as const;

/** All files that a tokenizer of some format may have. */
export const TOKENIZER_FILES: readonly string[] = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'source.spm',
  'target.spm',
  'target_vocab.json',
  ...SENTENCE_PIECE_FILES,
];

/** Of the files of a folder those that `loadTokenizer` and `loadSourceTargetTokenizer` read. */
export function neededTokenizerFiles(names: readonly string[]): readonly string[] {
  const needed = ['tokenizer_config.json', ...vocabularyFiles(names)];
  return needed.filter((name) => names.includes(name));
}

function vocabularyFiles(names: readonly string[]): readonly string[] {
  if (names.includes('source.spm')) return ['source.spm', 'target.spm', 'vocab.json', 'target_vocab.json'];
  if (names.includes('tokenizer.json')) return ['tokenizer.json'];
  const model = SENTENCE_PIECE_FILES.find((name) => names.includes(name));
  return [...(model === undefined ? ['merges.txt'] : [model]), 'vocab.json'];
}
