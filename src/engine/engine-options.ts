/** How much the engine does at once. */
export interface EngineOptions {
  /** Most tokens computed in one step; 256 unless given. More makes long prompts faster and other requests wait longer. */
  readonly maxNumBatchedTokens?: number | undefined;
  /** Most sequences alive at once, beams and samples counted; 32 unless given. */
  readonly maxNumSequences?: number | undefined;
  /** Most requests that wait; 1024 unless given. One more is refused. */
  readonly maxQueueLength?: number | undefined;
  /** Whether what is computed of a text is found again by later requests that begin with it; true unless given. */
  readonly prefixCache?: boolean | undefined;
}

/** The options with every value present and checked. */
export type EngineLimits = { readonly [Name in keyof EngineOptions]-?: NonNullable<EngineOptions[Name]> };

export const ENGINE_OPTION_NAMES = [
  'maxNumBatchedTokens',
  'maxNumSequences',
  'maxQueueLength',
  'prefixCache',
] as const satisfies readonly (keyof EngineOptions)[];

/** Fills in the defaults. Throws a `RangeError` for values that cannot be. */
export function engineLimits(options: EngineOptions): EngineLimits {
  const { maxNumBatchedTokens = 256, maxQueueLength = 1024, prefixCache = true } = options;
  count('maxNumBatchedTokens', maxNumBatchedTokens, 1);
  const maxNumSequences = options.maxNumSequences ?? Math.min(32, maxNumBatchedTokens);
  count('maxNumSequences', maxNumSequences, 1);
  count('maxQueueLength', maxQueueLength, 0);
  // Each sequence must be able to go on in every step.
  if (maxNumSequences > maxNumBatchedTokens)
    throw new RangeError(
      `Cannot start the engine: maxNumSequences is ${maxNumSequences}, wanted at most maxNumBatchedTokens, ${maxNumBatchedTokens}`,
    );
  return { maxNumBatchedTokens, maxNumSequences, maxQueueLength, prefixCache };
}

function count(name: string, value: number, minimum: number): void {
  if (Number.isSafeInteger(value) && value >= minimum) return;
  throw new RangeError(`Cannot start the engine: ${name} is ${value}, wanted a whole number of at least ${minimum}`);
}
