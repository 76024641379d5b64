import type { SpeculationReport } from '../engine/speculative/speculation-report.ts';
import type { Generation } from '../llm/generation.ts';
import { formatPercent, formatRate, formatSeconds } from './format.ts';

/** One line: how fast the prompt was read, how fast the text came, what guesses did, how long loading took. */
export function speedLine(generation: Generation, loadMs?: number): string {
  const { usage, timings, cachedTokens, choices, score, speculation } = generation;
  const parts = [
    `prompt: ${usage.promptTokens} tokens${cachedPart(cachedTokens)}, ${formatRate(timings.promptTokensPerSecond)} tokens/s`,
    textPart(numGenerated(generation), choices.length, timings.tokensPerSecond),
  ];
  if (score !== undefined && choices.length === 1) parts.push(`score: ${score.toFixed(4)}`);
  if (speculation !== undefined) parts.push(speculationPart(speculation));
  if (loadMs !== undefined) parts.push(`loaded in ${formatSeconds(loadMs)}`);
  return parts.join(' · ');
}

/** The same for generations that shared the time `ms`. */
export function speedLineOfAll(generations: readonly Generation[], ms: number, loadMs: number): string {
  const sum = (count: (generation: Generation) => number) =>
    generations.reduce((total, generation) => total + count(generation), 0);
  const numTokens = sum(numGenerated);
  const cached = cachedPart(sum(({ cachedTokens }) => cachedTokens));
  const parts = [
    `${generations.length} prompts: ${sum(({ usage }) => usage.promptTokens)} tokens${cached}`,
    `text: ${numTokens} tokens in ${formatSeconds(ms)}, ${formatRate((1000 * numTokens) / ms)} tokens/s in all`,
  ];
  const reports = generations.flatMap(({ speculation }) => speculation ?? []);
  if (reports.length > 0) parts.push(guessesPart(reports));
  return [...parts, `loaded in ${formatSeconds(loadMs)}`].join(' · ');
}

function numGenerated({ choices }: Generation): number {
  return choices.reduce((total, { tokenIds }) => total + tokenIds.length, 0);
}

function cachedPart(cachedTokens: number): string {
  return cachedTokens === 0 ? '' : ` (${cachedTokens} cached)`;
}

function textPart(numTokens: number, numChoices: number, tokensPerSecond: number | undefined): string {
  const tokens = `text: ${numTokens} ${numTokens === 1 ? 'token' : 'tokens'}`;
  const texts = numChoices === 1 ? '' : ` in ${numChoices} texts`;
  return `${tokens}${texts}${tokensPerSecond === undefined ? '' : `, ${formatRate(tokensPerSecond)} tokens/s`}`;
}

function speculationPart({ acceptanceRate, tokensPerRun, predictedGain, measuredGain }: SpeculationReport): string {
  if (acceptanceRate === undefined || tokensPerRun === undefined) return 'guesses: none';
  const guesses = `guesses: ${formatPercent(acceptanceRate)} accepted, ${formatRate(tokensPerRun)} tokens a run`;
  if (predictedGain === undefined || measuredGain === undefined) return guesses;
  return `${guesses}, gain ${formatRate(measuredGain)} (${formatRate(predictedGain)} predicted)`;
}

/** Gains cannot be added up. */
function guessesPart(reports: readonly SpeculationReport[]): string {
  const sum = (count: (report: SpeculationReport) => number) =>
    reports.reduce((total, report) => total + count(report), 0);
  const runs = sum(({ targetRuns }) => targetRuns);
  const tokens = sum(({ targetRuns, tokensPerRun = 0 }) => targetRuns * tokensPerRun);
  const [accepted, drafted] = [sum(({ acceptedTokens }) => acceptedTokens), sum(({ draftedTokens }) => draftedTokens)];
  if (drafted === 0) return 'guesses: none';
  return `guesses: ${accepted} of ${drafted} accepted, ${formatRate(tokens / runs)} tokens a run`;
}
