// Many requests of one model at the same time, several beams, and guesses that the model checks:
// `node dist-examples/many-requests.js path/to/model`. Without a model it makes a small one with random weights.
import { ByteTokenizer, LLM, modelPreset } from 'kvasir';

const [path] = process.argv.slice(2);
await using llm = path === undefined ? await randomModel() : await LLM.load(path, { cacheTokens: 2048 });

// Calls that are made together share the steps of the model; each gets what it would get alone.
const topics = ['a cat', 'a dog', 'a king', 'a ship'];
const stories = await Promise.all(
  topics.map((topic, i) => llm.generate(`Once there was ${topic}`, { maxNewTokens: 20, temperature: 0.8, seed: i })),
);
for (const { text } of stories) console.log(JSON.stringify(text));

// Four beams, of which the two best are given with their scores.
const { choices } = await llm.generate('Once upon a time', { maxNewTokens: 12, numBeams: 4, numReturnSequences: 2 });
for (const { score, text } of choices) console.log(score?.toFixed(3), JSON.stringify(text));

// What came before in the text is guessed to come again; the result is the same, sooner.
const refrain = 'one two three four, one two three four, one two';
const { speculation } = await llm.generate(refrain, { maxNewTokens: 16, promptLookupNumTokens: 4 });
console.log(`${speculation?.acceptedTokens} of ${speculation?.draftedTokens} guessed tokens were right`);

const { totals, blocks } = llm.engine.statistics();
console.log(`${totals.generatedTokens} tokens in ${totals.steps} steps; ${blocks.free} of ${blocks.total} blocks free`);

async function randomModel(): Promise<LLM> {
  const { config, naming } = modelPreset('gpt2');
  const small = { ...config, vocabSize: 259, hiddenSize: 64, intermediateSize: 256, numLayers: 2, numHeads: 4 };
  return LLM.random(
    { config: { ...small, numKvHeads: 4, headSize: 16, attentionScale: 1 / 4, maxPositions: 128 }, naming },
    { tokenizer: new ByteTokenizer(), cacheTokens: 1024 },
  );
}
