import type { SequenceView } from './sequence-view.ts';

/** How far back a sequence may be cut and go on differently, as a draft's does. */
const MAX_STEPS_BACK = 32;

interface Step {
  readonly position: number;
  /** The limit at this step, in bits. */
  readonly limit: number;
  /** Tokens that could be chosen, ids ascending. */
  readonly tokenIds: Int32Array;
  /** Their surprise, in bits. */
  readonly surprises: Float32Array;
}

/**
 * The feedback of Mirostat (Basu et al. 2021): a limit μ on the surprise −log₂ p of a token, 2τ at first, that is lowered by
 * η · (surprise − τ) after each token, so that the surprise comes to be τ on average. Which token was chosen is read from
 * the sequence at the next step: the limit depends on the tokens and their rows, not on how often it was asked for.
 */
export class SurpriseControl {
  readonly #target: number;
  readonly #rate: number;
  /** The latest steps, by position. */
  readonly #steps: Step[] = [];

  /** `target` is τ in bits, `rate` η. */
  constructor({ target, rate }: { readonly target: number; readonly rate: number }) {
    this.#target = target;
    this.#rate = rate;
  }

  /** The limit for the next token of a sequence, in bits. */
  limitFor({ tokenIds, position }: SequenceView): number {
    const steps = this.#steps;
    while (steps.length > 1 && steps.at(-1)!.position >= position) steps.pop();
    const last = steps.at(-1);
    if (last === undefined) return 2 * this.#target;
    if (last.position >= position) return last.limit;
    const surprise = surpriseOf(last, tokenIds[last.position]!);
    // A token that could not be chosen was forced: it says nothing of the limit.
    return surprise === undefined ? last.limit : last.limit - this.#rate * (surprise - this.#target);
  }

  /** Keeps what the next step has to know: the row (V) after the cut, and the log Σ exp of the row before it. */
  remember(sequence: SequenceView, limit: number, cutLogits: Float32Array, logSumExp: number): void {
    const { position } = sequence;
    const steps = this.#steps;
    if (steps.at(-1)?.position === position) steps.pop();
    const tokenIds = remainingIds(cutLogits);
    const surprises = Float32Array.from(tokenIds, (id) => (logSumExp - cutLogits[id]!) / Math.LN2);
    steps.push({ position, limit, tokenIds, surprises });
    if (steps.length > MAX_STEPS_BACK) steps.shift();
  }
}

/** The surprise of a token by binary search; undefined if it could not be chosen. */
function surpriseOf({ tokenIds, surprises }: Step, tokenId: number): number | undefined {
  let low = 0;
  let high = tokenIds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (tokenIds[middle]! < tokenId) low = middle + 1;
    else high = middle;
  }
  return tokenIds[low] === tokenId ? surprises[low] : undefined;
}

function remainingIds(logits: Float32Array): Int32Array {
  const { length } = logits;
  const ids = new Int32Array(length);
  let count = 0;
  for (let id = 0; id < length; id++) if (logits[id]! > Number.NEGATIVE_INFINITY) ids[count++] = id;
  return ids.slice(0, count);
}
