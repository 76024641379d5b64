// Time of choosing one of GPT-2's 50,257 tokens, without the model: `node bench/sampling.mjs`, after `npm run build`.
import { NEUTRAL_OPTIONS } from '../dist/config/neutral-options.js';
import { checkLogits } from '../dist/sampling/check-logits.js';
import { composeProcessors } from '../dist/sampling/compose-processors.js';
import { LogProbs } from '../dist/sampling/log-probs.js';
import { chooseToken } from '../dist/sampling/sampler.js';

const VOCABULARY = 50257;
const drawn = { temperature: 0.8 };
const watermark = { greenlistRatio: 0.25, bias: 2, hashingKey: 15485863, seedingScheme: 'lefthash', contextWidth: 1 };
const penalties = { repetitionPenalty: 1.1, frequencyPenalty: 0.5 };
const chains = {
  greedy: {},
  'greedy, repetition penalty': { repetitionPenalty: 1.1 },
  temperature: drawn,
  'temperature, top-k 50': { ...drawn, topK: 50 },
  'temperature, top-p 0.95': { ...drawn, topP: 0.95 },
  'temperature, min-p 0.05': { ...drawn, minP: 0.05 },
  'usual: repetition and frequency penalty, temperature, top-k 40, top-p 0.95': {
    ...{ ...penalties, ...drawn, topK: 40, topP: 0.95 },
  },
  'usual, with XTC': { ...penalties, ...drawn, topK: 40, topP: 0.95, xtcProbability: 1 },
  'usual, with a watermark': { ...penalties, ...drawn, topK: 40, topP: 0.95, watermark },
  'temperature, typical 0.9': { ...drawn, typicalP: 0.9 },
  'temperature, epsilon 0.0003': { ...drawn, epsilonCutoff: 0.0003 },
  'temperature, eta 0.0003': { ...drawn, etaCutoff: 0.0003 },
  'temperature, top-n-sigma 1': { ...drawn, topNSigma: 1 },
  'temperature, XTC': { ...drawn, xtcProbability: 1 },
  'dynamic temperature': { ...drawn, dynatempRange: 0.5 },
  'temperature, Mirostat 1': { ...drawn, mirostat: 1 },
  'temperature, Mirostat 2': { ...drawn, mirostat: 2 },
  'greedy, DRY': { dryMultiplier: 0.8 },
  'greedy, no repeated 3-gram': { noRepeatNgramSize: 3 },
  'greedy, watermark': { watermark },
};

/** Prompt and generated text, in which much is said again. */
const tokenIds = Array.from({ length: 500 }, (_, i) => ((i % 37) * 971 + (i % 5)) % VOCABULARY);
const [promptIds, generatedIds] = [tokenIds.slice(0, 250), tokenIds.slice(250)];
const sequence = { promptIds, generatedIds, tokenIds, position: tokenIds.length };

/** Sums of sines: bell-shaped like a model's logits, about as far from 0 as GPT-2's. */
const logits = Float32Array.from({ length: VOCABULARY }, (_, id) => {
  const wave = (factor) => Math.sin(id * factor);
  return (wave(12.9898) + wave(78.233) + wave(37.719) + wave(4.1414)) * 3 - 90;
});

function medianMicroseconds(work) {
  const times = [];
  const row = new Float32Array(VOCABULARY);
  for (let i = 0; i < 400; i++) {
    row.set(logits);
    const start = performance.now();
    work(row);
    times.push((performance.now() - start) * 1000);
  }
  return Math.round(times.slice(200).sort((a, b) => a - b)[100]);
}

for (const [name, given] of Object.entries(chains)) {
  const options = { ...NEUTRAL_OPTIONS, ...given };
  const chain = composeProcessors(options, { seed: 1, maxLength: 1024, vocabSize: VOCABULARY });
  const time = medianMicroseconds((row) => {
    checkLogits(row, sequence.position);
    chooseToken(row, sequence, { chain, temperature: options.temperature, seed: 1 });
  });
  console.log(`${String(time).padStart(6)} µs  ${name}`);
}
console.log(
  `${String(medianMicroseconds((row) => new LogProbs(row).top(5))).padStart(6)} µs  log probabilities, top 5`,
);
