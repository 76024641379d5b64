import { expect, test } from 'vitest';
import { smallFiles } from './needed-files.ts';

const COMMON = ['README.md', 'config.json', 'tokenizer_config.json', 'generation_config.json', 'model.safetensors'];
const READ = ['config.json', 'generation_config.json', 'tokenizer_config.json'];

test.each([
  [['tokenizer.json', 'spiece.model', 'vocab.json', 'merges.txt'], ['tokenizer.json']],
  [
    ['source.spm', 'target.spm', 'vocab.json', 'tokenizer.json'],
    ['source.spm', 'target.spm', 'vocab.json'],
  ],
  [
    ['source.spm', 'target.spm', 'vocab.json', 'target_vocab.json'],
    ['source.spm', 'target.spm', 'vocab.json', 'target_vocab.json'],
  ],
  [
    ['sentencepiece.bpe.model', 'vocab.json'],
    ['sentencepiece.bpe.model', 'vocab.json'],
  ],
  [['spiece.model', 'merges.txt'], ['spiece.model']],
  [
    ['vocab.json', 'merges.txt'],
    ['merges.txt', 'vocab.json'],
  ],
  [[], []],
])('Of the tokenizer files %j, %j are downloaded', (names, needed) => {
  expect(smallFiles([...COMMON, ...names])).toEqual([...READ, ...needed]);
});
