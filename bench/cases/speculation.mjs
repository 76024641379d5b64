import { LLM, loadModel } from 'kvasir';
import { greedy, promptOf } from './prompt.mjs';
import { ReplayDrafter } from './replay-drafter.mjs';

const PROMPT = 16;
const WARM_UP = 64;

/**
 * Milliseconds of the decode phase of one answer, plain and with drafts of `draftLength` tokens that are right with each of
 * the probabilities `rates`, in turn; and with prompt lookup on a prompt that repeats itself.
 */
export async function measure({
  folder,
  draftFolder,
  threads,
  vocabulary,
  rates,
  draftLength,
  lookupTokens,
  newTokens,
  seed,
}) {
  const contextLength = 2 * PROMPT + Math.max(newTokens, WARM_UP);
  const llm = await LLM.load(folder, { threads, contextLength });
  const small = await loadModel(llm.backend, draftFolder);
  const cache = small.createCache(contextLength);
  const drafted = (answer, rate, seed) => draftedRun({ llm, small, cache, answer, rate, draftLength, seed });
  const warm = await plainRun(llm, promptOf(PROMPT, vocabulary), WARM_UP);
  await drafted(warm, 0.5, 0);

  const runs = [];
  for (const [i, rate] of rates.entries()) {
    const plain = await plainRun(llm, promptOf(PROMPT, vocabulary), newTokens);
    runs.push({ rate, plainMs: plain.decodeMs, ...(await drafted(plain, rate, seed + i)) });
  }
  return { newTokens, draftLength, runs, lookup: await lookUp({ llm, vocabulary, newTokens, lookupTokens }) };
}

async function plainRun(llm, prompt, newTokens) {
  const { tokenIds, timings } = await llm.generate(prompt, greedy(newTokens));
  return { prompt, tokenIds, decodeMs: timings.decodeMs };
}

async function draftedRun({ llm, small, cache, answer, rate, draftLength, seed }) {
  const drafter = new ReplayDrafter(small, cache, { answer: answer.tokenIds, rate, seed });
  const result = await llm.generate(answer.prompt, {
    ...greedy(answer.tokenIds.length),
    numDraftTokens: draftLength,
    adaptDraftLength: false,
    draftProposer: drafter,
  });
  drafter.dispose();
  expectSame(result.tokenIds, answer.tokenIds);
  const { draftingMs, numDrafted } = drafter;
  return { decodeMs: result.timings.decodeMs, draftingMs, numDrafted, ...counts(result.speculation) };
}

/** Guesses of what followed the last tokens when they occurred before, as many as pay. */
async function lookUp({ llm, vocabulary, newTokens, lookupTokens }) {
  const pattern = promptOf(3, vocabulary);
  const prompt = Array.from({ length: 2 * PROMPT }, (_, i) => pattern[i % pattern.length]);
  const plain = await plainRun(llm, prompt, newTokens);
  const options = { ...greedy(newTokens), promptLookupNumTokens: lookupTokens };
  const result = await llm.generate(prompt, options);
  expectSame(result.tokenIds, plain.tokenIds);
  return { plainMs: plain.decodeMs, decodeMs: result.timings.decodeMs, ...counts(result.speculation) };
}

function counts({ targetRuns, draftedTokens, acceptedTokens, acceptanceRate, tokensPerRun }) {
  // α is the accepted ones' share of those that were looked at.
  const testedTokens = acceptedTokens === 0 ? draftedTokens : Math.round(acceptedTokens / acceptanceRate);
  return {
    targetRuns,
    draftedTokens,
    acceptedTokens,
    testedTokens,
    appendedTokens: Math.round(tokensPerRun * targetRuns),
  };
}

function expectSame(tokenIds, wanted) {
  if (tokenIds.join() !== wanted.join()) throw new Error('Speculation changed the answer');
}
