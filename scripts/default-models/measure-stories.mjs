import { LLM } from 'kvasir';
import { checkStory } from './story-checker.mjs';

/**
 * Has a model write stories and reads them: what share is well-formed and consistent.
 * @param {string} folder
 * @param {{ count: number, prompt: string, seed: number, sampling?: import('kvasir').GenerateOptions }} options `sampling`: instead of
 *   what generation_config.json says
 */
export async function checkWriting(folder, { count, prompt, seed, sampling }) {
  const llm = await LLM.load(folder, { cacheTokens: 8192 });
  const stories = await Promise.all(
    Array.from({ length: count }, (_, i) => llm.generate(prompt, { ...sampling, seed: seed + i })),
  ).finally(() => llm.dispose());
  const reports = stories.map(({ text, finishReason }) => ({ finishReason, ...checkStory(prompt + text) }));
  const share = (/** @type {(report: typeof reports[number]) => boolean} */ holds) =>
    reports.filter(holds).length / count;
  return {
    count,
    wellFormed: share(({ isWellFormed }) => isWellFormed),
    consistent: share(({ isConsistent }) => isConsistent),
    both: share(({ isWellFormed, isConsistent }) => isWellFormed && isConsistent),
    distinct: new Set(stories.map(({ text }) => text)).size,
  };
}

/**
 * What the draft model is worth in drafts of four tokens: the share α of these that the model accepts, and how much sooner the same
 * stories are there, one after the other.
 * @param {string} folder
 * @param {string} draftModel
 * @param {number} count
 */
export async function measureDrafting(folder, draftModel, count) {
  const alone = await writeOneByOne(folder, undefined, count);
  const drafted = await writeOneByOne(folder, draftModel, count);
  const runs = drafted.stories.map(({ speculation }) => speculation);
  const weighted = runs.reduce((sum, run) => sum + (run?.acceptanceRate ?? 0) * (run?.draftedTokens ?? 0), 0);
  const draftedTokens = runs.reduce((sum, run) => sum + (run?.draftedTokens ?? 0), 0);
  const targetRuns = runs.reduce((sum, run) => sum + (run?.targetRuns ?? 0), 0);
  const numTokens = drafted.stories.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
  return {
    count,
    acceptance: weighted / draftedTokens,
    tokensPerRun: numTokens / targetRuns,
    gain: alone.ms / drafted.ms,
    tokensPerSecond: (1000 * numTokens) / drafted.ms,
    isSameText: drafted.stories.every(({ text }, i) => text === alone.stories[i]?.text),
  };
}

async function writeOneByOne(
  /** @type {string} */ folder,
  /** @type {string | undefined} */ draftModel,
  /** @type {number} */ count,
) {
  const llm = await LLM.load(folder, { draftModel });
  const drafting = draftModel === undefined ? {} : { numDraftTokens: 4, adaptDraftLength: false };
  try {
    for (let seed = 0; seed < 3; seed++) await llm.generate('', { ...drafting, seed: count + seed }); // compilers warm up
    const start = performance.now();
    const stories = [];
    for (let seed = 0; seed < count; seed++) stories.push(await llm.generate('', { ...drafting, seed }));
    return { ms: performance.now() - start, stories };
  } finally {
    await llm.dispose();
  }
}
