import type { GeneratedToken } from '../decoding/generation-output.ts';
import type { Generation } from '../llm/generation.ts';
import type { LLM } from '../llm/llm.ts';
import { formatRate, formatSeconds } from './format.ts';

/** A finished generation as `--json` prints it. */
export function toJson(llm: LLM, generation: Generation, loadMs: number): object {
  const { text, tokenIds, finishReason, usage, seed, timings, logProbs } = generation;
  return {
    ...{ text, tokenIds, finishReason, usage, seed },
    timings: { loadMs, ...timings },
    logProbs: logProbs?.map((chosen) => withTexts(llm, chosen)),
  };
}

/** What came of a generation before Ctrl-C, as `--json` prints it. */
export function interruptedToJson(
  llm: LLM,
  tokens: readonly GeneratedToken[],
  { promptTokens, loadMs }: { readonly promptTokens?: number; readonly loadMs: number },
): object {
  const logProbs = tokens.flatMap(({ tokenId, logProb, topLogProbs = [] }) =>
    logProb === undefined ? [] : [withTexts(llm, { tokenId, logProb, topLogProbs })],
  );
  return {
    text: tokens.map(({ text }) => text).join(''),
    tokenIds: tokens.map(({ tokenId }) => tokenId),
    finishReason: 'interrupted',
    usage: { promptTokens, completionTokens: tokens.length },
    timings: { loadMs },
    ...(logProbs.length > 0 ? { logProbs } : {}),
  };
}

/** The text of one token by itself, special tokens written out; undefined without a tokenizer. */
export function textOfToken(llm: LLM, tokenId: number): string | undefined {
  return llm.tokenizer?.decode([tokenId], { skipSpecialTokens: false });
}

function withTexts(llm: LLM, { topLogProbs, ...chosen }: NonNullable<Generation['logProbs']>[number]): object {
  const withText = <Row extends { readonly tokenId: number }>(row: Row) => ({
    ...row,
    text: textOfToken(llm, row.tokenId),
  });
  return { ...withText(chosen), topLogProbs: topLogProbs.map(withText) };
}

/** One line: how fast the prompt was read, how fast the text came, how long loading took. */
export function speedLine({ usage, timings }: Generation, loadMs?: number): string {
  const parts = [
    `prompt: ${usage.promptTokens} tokens, ${formatRate(timings.promptTokensPerSecond)} tokens/s`,
    timings.tokensPerSecond === undefined
      ? `text: ${usage.completionTokens} token`
      : `text: ${usage.completionTokens} tokens, ${formatRate(timings.tokensPerSecond)} tokens/s`,
  ];
  if (loadMs !== undefined) parts.push(`loaded in ${formatSeconds(loadMs)}`);
  return parts.join(' · ');
}
