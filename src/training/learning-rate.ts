/**
 * How the learning rate changes. It rises over `warmupSteps` steps, (step + 1) / (warmupSteps + 1) of the whole in step 0 and
 * so on, and then falls as `kind` says, to no less than `minRatio` of the whole:
 *
 * - `constant`: it does not fall.
 * - `linear`, `cosine`: along a line or half a cosine (Loshchilov & Hutter 2017), to its least at `numSteps`.
 * - `inverseSquareRoot`: √((warmupSteps + 1) / (step + 1)) of the whole (Vaswani et al. 2017, section 5.3).
 */
export type Schedule =
  | { readonly kind: 'constant'; readonly warmupSteps: number }
  | {
      readonly kind: 'linear' | 'cosine';
      readonly warmupSteps: number;
      readonly minRatio: number;
      readonly numSteps: number;
    }
  | { readonly kind: 'inverseSquareRoot'; readonly warmupSteps: number; readonly minRatio: number };

/**
 * The learning rate of a step, the first of which is 0, of a schedule whose highest rate is `highest`.
 *
 * @example
 * learningRateAt({ kind: 'cosine', warmupSteps: 100, minRatio: 0.1, numSteps: 2000 }, 1e-3, 1050); // 0.00055
 */
export function learningRateAt(schedule: Schedule, highest: number, step: number): number {
  const { warmupSteps } = schedule;
  if (step < warmupSteps) return highest * ((step + 1) / (warmupSteps + 1));
  return highest * ratioAfterWarmup(schedule, step);
}

function ratioAfterWarmup(schedule: Schedule, step: number): number {
  const { kind, warmupSteps } = schedule;
  switch (kind) {
    case 'constant':
      return 1;
    case 'linear':
      return above(schedule.minRatio, 1 - progress(schedule, step));
    case 'cosine':
      return above(schedule.minRatio, (1 + Math.cos(Math.PI * progress(schedule, step))) / 2);
    case 'inverseSquareRoot':
      return Math.max(schedule.minRatio, Math.sqrt((warmupSteps + 1) / (step + 1)));
    default:
      return kind satisfies never;
  }
}

/** From 0 at the end of the warm-up to 1 at `numSteps` and after it. */
function progress({ warmupSteps, numSteps }: { warmupSteps: number; numSteps: number }, step: number): number {
  return step >= numSteps ? 1 : (step - warmupSteps) / (numSteps - warmupSteps);
}

function above(least: number, share: number): number {
  return least + (1 - least) * share;
}
