import type { StepEntry } from '../nn/forward-batch.ts';
import { tokenLogProbs } from '../ops/softmax.ts';
import { Tensor } from '../tensor/tensor.ts';

/** New tokens of a sequence, and what follows the last of them. */
export interface ScoreEntry extends StepEntry {
  /** The token after each of the last `targets.length` new ones. */
  readonly targets: readonly number[];
}

/** What `scoreStep` of a model gives. */
export interface ScoredStep {
  /** Natural log probability of each target. */
  readonly logProbs: Float32Array;
  /** (targets · V), if they were asked for. */
  readonly logits: Float32Array | undefined;
}

/** Reads log P of the target of each row of logits, and the logits too if they are wanted. */
export async function readScores(
  logits: Tensor,
  targets: readonly number[],
  withLogits: boolean | undefined,
): Promise<ScoredStep> {
  const ids = Tensor.from(logits.backend, Int32Array.from(targets));
  const reads = [tokenLogProbs(logits, ids).read(), withLogits ? logits.read() : undefined] as const;
  const [logProbs, values] = await Promise.all(reads);
  return { logProbs: logProbs as Float32Array, logits: values as Float32Array | undefined };
}
