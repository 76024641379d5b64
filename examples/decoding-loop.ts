// The loop at the heart of every decoder: feed the new token, keep the keys and values of the old ones, choose the next.
// It runs on a model with random weights, so the text is noise; with `LLM.load('path/to/model')` it is text.
import { ByteTokenizer, LLM, likeliestToken, modelPreset, type PastKeyValues } from 'kvasir';

const preset = modelPreset('gpt2');
const config = { ...preset.config, vocabSize: 259, hiddenSize: 64, numLayers: 2, intermediateSize: 256, numHeads: 4 };
const small = { ...config, numKvHeads: 4, headSize: 16, attentionScale: 1 / 4, maxPositions: 128 };
const tokenizer = new ByteTokenizer();
await using llm = await LLM.random({ ...preset, config: small }, { tokenizer });
const model = llm.causalLM;

const ids = tokenizer.encode('The sum of two even numbers');
let pastKeyValues: PastKeyValues | undefined;
const maxLength = ids.length + 20;

while (ids.length < maxLength) {
  // Only the tokens that are not in the cache: the whole prompt at first, then the last token.
  const inputIds = pastKeyValues === undefined ? ids : ids.slice(-1);

  const outputs = await model.forward({ inputIds, pastKeyValues });
  pastKeyValues = outputs.pastKeyValues;

  const nextToken = likeliestToken(outputs.logits.last());
  if (nextToken === undefined) throw new Error('no token has a chance');
  ids.push(nextToken);
}
pastKeyValues?.dispose();
console.log(tokenizer.decode(ids));
