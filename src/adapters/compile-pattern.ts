const MAX_LENGTH = 1000;
const MAX_REPETITIONS = 6;

/**
 * A regular expression of whole names. It comes from a file, so it may not be one that takes for ever: no group is repeated,
 * and few other things without end. Throws a `RangeError` for one that is not allowed or that JavaScript does not read.
 */
export function compilePattern(pattern: string, action: string): RegExp {
  const fail = (problem: string): never => {
    const shown = JSON.stringify(pattern.slice(0, 100));
    throw new RangeError(`Cannot ${action}: the target modules are the regular expression ${shown}, ${problem}`);
  };
  if (pattern.length > MAX_LENGTH) fail(`which has ${pattern.length} characters, wanted at most ${MAX_LENGTH}`);
  // What is escaped, and the inside of character classes, repeats nothing.
  const outline = pattern.replace(/\\./gs, '_').replace(/\[[^\]]*\]/g, '_');
  if (/\)[*+?{]/.test(outline.replaceAll(')?', ''))) fail('which repeats a group; that may take for ever');
  const numRepetitions = outline.match(/[*+]|\{\d*,/g)?.length ?? 0;
  if (numRepetitions > MAX_REPETITIONS)
    fail(`which repeats ${numRepetitions} things, wanted at most ${MAX_REPETITIONS}; that may take for ever`);
  try {
    return new RegExp(`^(?:${pattern})$`, 's');
  } catch (error) {
    return fail(`which JavaScript does not read (${(error as Error).message})`);
  }
}
