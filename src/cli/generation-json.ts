import type { GeneratedToken, GenerationResult } from '../decoding/generation-output.ts';
import type { Generation } from '../llm/generation.ts';
import type { LLM } from '../llm/llm.ts';

/** A finished generation as `--json` prints it. */
export function toJson(llm: LLM, generation: Generation, loadMs: number): object {
  const { text, tokenIds, finishReason, usage, seed, timings, logProbs } = generation;
  const { choices, score, cachedTokens, speculation } = generation;
  return {
    ...{ text, tokenIds, finishReason, usage, cachedTokens, seed },
    timings: { loadMs, ...timings },
    ...{ score, logProbs: logProbsToJson(llm, logProbs), speculation },
    choices: choices.length === 1 ? undefined : choices.map((choice) => choiceToJson(llm, choice)),
  };
}

function choiceToJson(llm: LLM, { text, tokenIds, finishReason, score, logProbs }: GenerationResult): object {
  return { text, tokenIds, finishReason, score, logProbs: logProbsToJson(llm, logProbs) };
}

/** What came of a generation before Ctrl-C, as `--json` prints it. */
export function interruptedToJson(
  llm: LLM,
  tokens: readonly GeneratedToken[],
  { promptTokens, loadMs }: { readonly promptTokens?: number; readonly loadMs: number },
): object {
  const numChoices = Math.max(1, ...tokens.map(({ index }) => index + 1));
  const choices = Array.from({ length: numChoices }, (_, i) =>
    interruptedChoice(
      llm,
      tokens.filter(({ index }) => index === i),
    ),
  );
  const { logProbs, ...first } = choices[0]!;
  return {
    ...first,
    usage: { promptTokens, completionTokens: first.tokenIds.length },
    timings: { loadMs },
    logProbs,
    choices: numChoices === 1 ? undefined : choices,
  };
}

function interruptedChoice(llm: LLM, tokens: readonly GeneratedToken[]) {
  const logProbs = tokens.flatMap(({ tokenId, logProb, topLogProbs = [] }) =>
    logProb === undefined ? [] : [{ tokenId, logProb, topLogProbs }],
  );
  return {
    text: tokens.map(({ text }) => text).join(''),
    tokenIds: tokens.map(({ tokenId }) => tokenId),
    finishReason: 'interrupted',
    logProbs: logProbs.length > 0 ? logProbsToJson(llm, logProbs) : undefined,
  };
}

/** The text of one token by itself, special tokens written out; undefined without a tokenizer. */
export function textOfToken(llm: LLM, tokenId: number): string | undefined {
  return llm.tokenizer?.decode([tokenId], { skipSpecialTokens: false });
}

function logProbsToJson(llm: LLM, logProbs: GenerationResult['logProbs']): readonly object[] | undefined {
  const withText = <Row extends { readonly tokenId: number }>(row: Row) => ({
    ...row,
    text: textOfToken(llm, row.tokenId),
  });
  return logProbs?.map(({ topLogProbs, ...chosen }) => ({
    ...withText(chosen),
    topLogProbs: topLogProbs.map(withText),
  }));
}
