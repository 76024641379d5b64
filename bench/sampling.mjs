// Time of choosing one of GPT-2's 50,257 tokens, without the model: `node bench/sampling.mjs`, after `npm run build`.
import { checkLogits } from '../dist/sampling/check-logits.js';
import { composeProcessors } from '../dist/sampling/compose-processors.js';
import { LogProbs } from '../dist/sampling/log-probs.js';
import { chooseToken } from '../dist/sampling/sampler.js';

const VOCABULARY = 50257;
const neutral = {
  ...{ minNewTokens: 0, stopTokenIds: [], repetitionPenalty: 1, frequencyPenalty: 0, presencePenalty: 0 },
  ...{ temperature: 1, topK: 0, topP: 1, minP: 0 },
};
const chains = {
  greedy: { temperature: 0 },
  'temperature alone': { temperature: 0.8 },
  'temperature, top-k 50': { temperature: 0.8, topK: 50 },
  'temperature, top-p 0.95': { temperature: 0.8, topP: 0.95 },
  'temperature, min-p 0.05': { temperature: 0.8, minP: 0.05 },
  'penalty 1.1, temperature, top-k 50, top-p 0.95': { repetitionPenalty: 1.1, temperature: 0.8, topK: 50, topP: 0.95 },
};

const tokenIds = Array.from({ length: 500 }, (_, i) => (i * 97) % VOCABULARY);
const sequence = { promptIds: tokenIds, generatedIds: [], tokenIds, position: tokenIds.length };

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

for (const [name, options] of Object.entries(chains)) {
  const { temperature } = { ...neutral, ...options };
  const chain = composeProcessors({ ...neutral, ...options });
  const time = medianMicroseconds((row) => {
    checkLogits(row, sequence.position);
    chooseToken(row, sequence, { chain, temperature, seed: 1 });
  });
  console.log(`${String(time).padStart(6)} µs  ${name}`);
}
console.log(
  `${String(medianMicroseconds((row) => new LogProbs(row).top(5))).padStart(6)} µs  log probabilities, top 5`,
);
