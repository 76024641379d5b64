// Text from a model: `node dist-examples/generate.js path/to/model "Once upon a time"`. Without a model it makes a small
// one with random weights, whose text is noise.
import { ByteTokenizer, LLM, modelPreset } from 'kvasir';

const [path, prompt = 'Once upon a time'] = process.argv.slice(2);
await using llm = path === undefined ? await randomModel() : await LLM.load(path);

for await (const { text } of llm.stream(prompt, { maxNewTokens: 30, temperature: 0.8, seed: 1 }))
  process.stdout.write(text);
process.stdout.write('\n');

const { perplexity } = await llm.score(prompt);
console.log(`perplexity of the prompt: ${perplexity.toFixed(1)}`);

async function randomModel(): Promise<LLM> {
  const { config, naming } = modelPreset('gpt2');
  const small = { ...config, vocabSize: 259, hiddenSize: 64, intermediateSize: 256, numLayers: 2, numHeads: 4 };
  const tokenizer = new ByteTokenizer();
  return LLM.random(
    { config: { ...small, numKvHeads: 4, headSize: 16, attentionScale: 1 / 4, maxPositions: 128 }, naming },
    { tokenizer },
  );
}
