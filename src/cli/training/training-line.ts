import type { EvaluationEvent, TrainingStepEvent } from '../../training/training-events.ts';
import { formatCount, formatRate } from '../format.ts';

/** A step in words, the most important first, so that a narrow terminal may cut it. */
export function stepParts(event: TrainingStepEvent): readonly string[] {
  const { step, maxSteps, loss, learningRate, gradientNorm, tokensPerSecond, secondsLeft } = event;
  return [
    `step ${formatCount(step).padStart(formatCount(maxSteps).length)}/${formatCount(maxSteps)}`,
    `loss ${loss.toFixed(4)}`,
    `${formatDuration(secondsLeft)} left`,
    `${tokensPerSecond < 100 ? formatRate(tokensPerSecond) : formatCount(Math.round(tokensPerSecond))} tokens/s`,
    `lr ${formatLearningRate(learningRate)}`,
    `norm ${gradientNorm.toFixed(2)}`,
  ];
}

export function evaluationLine({ step, loss, perplexity, bitsPerByte, isBest }: EvaluationEvent): string {
  const bits = bitsPerByte === undefined ? [] : [`${bitsPerByte.toFixed(3)} bits/byte`];
  const parts = [
    `step ${formatCount(step)}`,
    `validation loss ${loss.toFixed(4)}`,
    `perplexity ${perplexity.toFixed(2)}`,
    ...bits,
  ];
  return `${parts.join('  ')}${isBest ? '  best so far' : ''}`;
}

/** `5.50e-4` */
function formatLearningRate(rate: number): string {
  return rate.toExponential(2);
}

/** `1:05`, `2:03:40` */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours === 0 ? `${minutes}:${two(rest)}` : `${hours}:${two(minutes)}:${two(rest)}`;
}
