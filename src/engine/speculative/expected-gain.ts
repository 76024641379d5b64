/**
 * Tokens that a run of the target model gives on average, from 1 to γ + 1, when γ are drafted and each is accepted with
 * probability α from 0 to 1, if those before it were: (1 − α^(γ+1)) / (1 − α) (Leviathan et al. 2023, equation 1).
 */
export function expectedTokens(acceptanceRate: number, numDrafted: number): number {
  // The sum 1 + α + … + α^γ: exact at α = 1 too.
  let sum = 1;
  let power = 1;
  for (let i = 0; i < numDrafted; i++) {
    power *= acceptanceRate;
    sum += power;
  }
  return sum;
}

/**
 * How many times faster than without a draft (Leviathan et al. 2023, theorem 3.8): the tokens of a run over its time,
 * γ · c + 1, where c is the time of drafting a token in runs of the target model. It supposes that checking γ + 1 tokens
 * takes no longer than one run for a single token.
 */
export function expectedGain(acceptanceRate: number, numDrafted: number, costRatio: number): number {
  return expectedTokens(acceptanceRate, numDrafted) / (numDrafted * costRatio + 1);
}
