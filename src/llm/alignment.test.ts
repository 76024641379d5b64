import { expect, test } from 'vitest';
import { ByteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { HuggingFaceTokenizer } from '../tokenizers/hugging-face-tokenizer.ts';
import { alignTokens, alignWords, meanAttention } from './alignment.ts';
import { wordSpans } from './word-spans.ts';

const TOKENS = ['</s>', '▁the', '▁ca', 't', '▁le', '▁chat'];
const tokenizer = new HuggingFaceTokenizer(
  JSON.stringify({
    added_tokens: [{ id: 0, content: '</s>', special: true }],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    model: { type: 'BPE', vocab: Object.fromEntries(TOKENS.map((token, id) => [token, id])), merges: [] },
  }),
);

/** le chat </s> over the ca t </s>: two layers of two heads. */
const SURE = Float32Array.of(0.7, 0.1, 0.1, 0.1, 0.1, 0.3, 0.4, 0.2, 0, 0, 0.1, 0.9);
const FLAT = new Float32Array(12).fill(0.25);
const [sourceIds, targetIds] = [
  [1, 2, 3, 0],
  [4, 5, 0],
];
const attentions = {
  ...{ numTargets: 3, numSources: 4, weights: [[SURE, FLAT] as const, [FLAT, FLAT] as const] },
  ...{ sourceTokens: ['▁the', '▁ca', 't', '</s>'], targetTokens: ['▁le', '▁chat', '</s>'] },
  ...{ sourceWords: wordSpans(sourceIds, tokenizer), targetWords: wordSpans(targetIds, tokenizer) },
};

test('Words are the tokens from one mark to the next, without special tokens', () => {
  expect(wordSpans(sourceIds, tokenizer)).toEqual([
    { text: 'the', start: 0, end: 1 },
    { text: 'cat', start: 1, end: 3 },
  ]);
  expect(wordSpans([3, 0, 3, 3], tokenizer).map(({ start, end }) => [start, end])).toEqual([
    [0, 1],
    [2, 4],
  ]);
  const bytes = new ByteTokenizer();
  expect(wordSpans(bytes.encode('a cat'), bytes).map(({ text }) => text)).toEqual(['a', 'cat']);
});

test('Maps are averaged over the chosen heads: those of the last layer but one unless given', () => {
  expect(meanAttention(attentions, { layer: 0, heads: [0] })).toEqual(SURE);
  expect(meanAttention(attentions)[0]).toBeCloseTo((0.7 + 0.25) / 2, 6);
  expect(meanAttention(attentions, { layer: 'all' })[0]).toBeCloseTo((0.7 + 3 * 0.25) / 4, 6);
  expect(meanAttention(attentions, { layer: 1 })).toEqual(FLAT);
});

test('A token belongs to the one that it looks at most, a word to a word', () => {
  expect(alignTokens(attentions, { heads: [0] }).map(({ source }) => source)).toEqual([0, 2, 3]);
  const words = alignWords(attentions, { heads: [0] });
  expect(words.map(({ source, target }) => [source.text, target.text])).toEqual([
    ['the', 'le'],
    ['cat', 'chat'],
  ]);
  expect(words[1]!.weight).toBeCloseTo(0.7, 6);
  expect(alignWords({ ...attentions, sourceWords: [] })).toEqual([]);
});

test('A layer or head that is not there is refused', () => {
  expect(() => meanAttention(attentions, { layer: 2 })).toThrow('Cannot choose layer 2 of attentions: wanted 0 to 1');
  expect(() => alignTokens(attentions, { heads: [2] })).toThrow('Cannot choose head 2 of attentions: wanted 0 to 1');
});
