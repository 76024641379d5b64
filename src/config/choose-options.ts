import type { NamedOptions } from './generation-option-names.ts';
import { CUT_OPTIONS, type GenerationOptions, NEUTRAL_OPTIONS } from './neutral-options.ts';

/**
 * A user who limits the length in either way replaces both of the model's limits; the model's least gives way to what is
 * most.
 */
export function chooseLengths(
  user: NamedOptions,
  model: NamedOptions,
): Pick<GenerationOptions, 'maxNewTokens' | 'maxLength' | 'minNewTokens' | 'minLength'> {
  const most = user.maxNewTokens === undefined && user.maxLength === undefined ? model : user;
  const least = user.minNewTokens === undefined && user.minLength === undefined ? model : user;
  const { maxLength } = most;
  const maxNewTokens = most.maxNewTokens ?? (maxLength === undefined ? NEUTRAL_OPTIONS.maxNewTokens : undefined);
  let { minNewTokens = 0, minLength = 0 } = least;
  if (least === model) {
    minNewTokens = Math.min(minNewTokens, maxNewTokens ?? minNewTokens);
    minLength = Math.min(minLength, maxLength ?? minLength);
  }
  requireOrder('minNewTokens', minNewTokens, 'maxNewTokens', maxNewTokens);
  requireOrder('minLength', minLength, 'maxLength', maxLength);
  return { maxNewTokens, maxLength, minNewTokens, minLength };
}

function requireOrder(minName: string, min: number, maxName: string, max: number | undefined): void {
  if (max === undefined || min <= max) return;
  throw new RangeError(`Cannot read generation options: ${minName} is ${min}, but ${maxName} is ${max}`);
}

export function chooseTemperature(user: NamedOptions, model: NamedOptions): number {
  const { doSample, temperature } = user;
  if (doSample !== undefined && temperature !== undefined && doSample !== temperature > 0) {
    const wanted = doSample ? 'sampling needs one above 0' : 'without sampling it must be 0 or left out';
    throw new TypeError(
      `Cannot read generation options: doSample is ${doSample} and temperature is ${temperature}, but ${wanted}`,
    );
  }
  if (temperature !== undefined) return temperature;
  const isSampled = doSample ?? (asksForDrawing(user, model) || (model.doSample ?? false));
  return isSampled ? sampledTemperature(model) : 0;
}

const DRAWING_OPTIONS = [...CUT_OPTIONS, 'mirostat', 'dynatempRange'] as const;

/** Whether the user says something that means nothing but for drawing. In contrastive search top-k does. */
function asksForDrawing(user: NamedOptions, model: NamedOptions): boolean {
  const isContrastive = (user.penaltyAlpha ?? model.penaltyAlpha ?? 0) > 0;
  if (!isContrastive && (user.topK ?? 0) > 0) return true;
  return DRAWING_OPTIONS.some((name) => user[name] !== undefined && user[name] !== NEUTRAL_OPTIONS[name]);
}

/** A model's temperature of 0 is no answer to a user who asks for sampling. */
function sampledTemperature(model: NamedOptions): number {
  return model.temperature || 1;
}

export function chooseStopTokens(user: NamedOptions, model: NamedOptions): readonly number[] {
  if (user.ignoreEos && user.eosTokenId !== undefined) {
    throw new TypeError('Cannot read generation options: ignoreEos is true, but eosTokenId is given too');
  }
  const ignoreEos = user.ignoreEos ?? model.ignoreEos ?? false;
  const endOfText = ignoreEos ? [] : (user.eosTokenId ?? model.eosTokenId ?? []);
  return Object.freeze([...new Set([...endOfText, ...(user.stopTokenIds ?? model.stopTokenIds ?? [])])]);
}

/** `logProbs: 5`, and `logprobs: true, top_logprobs: 5` of OpenAI's chat, both ask for five beside the chosen one. */
export function chooseLogProbs(user: NamedOptions, model: NamedOptions): number | undefined {
  const { logProbs, topLogProbs } = user.logProbs === undefined && user.topLogProbs === undefined ? model : user;
  const isContradiction = typeof logProbs === 'number' ? logProbs !== topLogProbs : logProbs === false;
  if (topLogProbs !== undefined && logProbs !== undefined && isContradiction) {
    throw new TypeError(
      `Cannot read generation options: logProbs is ${logProbs} and topLogProbs is ${topLogProbs}, but they must agree`,
    );
  }
  if (topLogProbs !== undefined) return topLogProbs;
  if (typeof logProbs === 'number') return logProbs;
  return logProbs ? 0 : undefined;
}
