import { ensureCheckpoint } from '../checkpoint.mjs';
import { runCase } from '../run-child.mjs';
import { GPT2_124M, GPT2_DRAFT } from '../shapes.mjs';
import { median, total } from '../statistics.mjs';
import { CHECKPOINT_DTYPE, gpt2Folder, isFloat } from './speed.mjs';

const RATES = [0.5, 0.7, 0.9];
const DRAFT_LENGTH = 3;
const LOOKUP_TOKENS = 10;
/** Checking a few tokens costs what one does where weights are float32, as the formula supposes; there it is judged. */
const JUDGED = 'float32';

/** What drafts gain, measured and by the formula of Leviathan et al. 2023, theorem 3.8. */
export const speculation = {
  name: 'speculation',
  async sample({ threads, dtypes, speculationTokens }, samples) {
    for (const dtype of dtypes.filter((name) => isFloat(name) && name !== 'float16')) {
      samples[dtype] ??= [];
      const draftFolder = await ensureCheckpoint(GPT2_DRAFT, CHECKPOINT_DTYPE[dtype]);
      const models = { folder: await gpt2Folder(dtype), draftFolder, vocabulary: GPT2_124M.vocabulary };
      const drafts = { rates: RATES, draftLength: DRAFT_LENGTH, lookupTokens: LOOKUP_TOKENS };
      const seed = 1 + RATES.length * samples[dtype].length;
      const parameters = { ...models, ...drafts, threads, newTokens: speculationTokens, seed };
      samples[dtype].push(await runCase('speculation', parameters));
    }
  },
  report(_, samples) {
    return Object.entries(samples).flatMap(([dtype, all]) => [
      ...RATES.map((rate) => draftRow(dtype, rate, all)),
      lookupRow(dtype, all),
    ]);
  },
};

function draftRow(dtype, rate, all) {
  const runs = all.map((sample) => sample.runs.find((run) => run.rate === rate));
  const sum = (of) => total(runs.map(of));
  const { newTokens } = all[0];
  const alpha = sum(({ acceptedTokens }) => acceptedTokens) / sum(({ testedTokens }) => testedTokens);
  const stepMs = median(runs.map(({ plainMs }) => plainMs)) / (newTokens - 1);
  const costRatio = sum(({ draftingMs }) => draftingMs) / sum(({ numDrafted }) => numDrafted) / stepMs;
  const checkMs = (sum((run) => run.decodeMs) - sum((run) => run.draftingMs)) / sum((run) => run.targetRuns);
  const predicted = predictedGain(alpha, costRatio);
  const measured = median(runs.map(({ plainMs, decodeMs }) => plainMs / decodeMs));
  const ratio = measured / predicted;
  const tokensPerRun = sum((run) => run.appendedTokens) / sum((run) => run.targetRuns);
  const row = {
    work: `speculation, ${DRAFT_LENGTH} drafted tokens right with ${rate}, ${dtype}`,
    ...{ acceptanceRate: alpha, tokensPerRun, costRatio, checkRatio: checkMs / stepMs },
    ...{ predictedGain: predicted, measuredGain: measured, ratio },
    value: `${measured.toFixed(2)} × as fast`,
    note:
      `${ratio.toFixed(2)} of the predicted ${predicted.toFixed(2)} ×: α ${alpha.toFixed(2)}, ` +
      `${tokensPerRun.toFixed(2)} tokens a run, c ${costRatio.toFixed(3)}; ` +
      `a run of ${DRAFT_LENGTH + 1} takes ${(checkMs / stepMs).toFixed(2)} of one token's`,
  };
  if (dtype !== JUDGED) return row;
  return { ...row, goal: 'predicted ± 20 %', isMet: Math.abs(ratio - 1) <= 0.2 };
}

/** (1 − α^(γ+1)) / ((1 − α)(γc + 1)). */
function predictedGain(alpha, costRatio) {
  const tokens = alpha === 1 ? DRAFT_LENGTH + 1 : (1 - alpha ** (DRAFT_LENGTH + 1)) / (1 - alpha);
  return tokens / (DRAFT_LENGTH * costRatio + 1);
}

function lookupRow(dtype, all) {
  const runs = all.map(({ lookup }) => lookup);
  const sum = (of) => total(runs.map(of));
  const gain = median(runs.map(({ plainMs, decodeMs }) => plainMs / decodeMs));
  const tokensPerRun = sum((run) => run.appendedTokens) / sum((run) => run.targetRuns);
  return {
    work: `prompt lookup, up to ${LOOKUP_TOKENS} tokens, a text that repeats itself, ${dtype}`,
    ...{ measuredGain: gain, tokensPerRun },
    value: `${gain.toFixed(2)} × as fast`,
    note: `${tokensPerRun.toFixed(2)} tokens a run, ${sum((run) => run.acceptedTokens)} of ${sum((run) => run.draftedTokens)} drafted ones accepted`,
  };
}
