import type { AdapterTargets } from '../../adapters/adapter-config.ts';

/** The names of a list with commas between, or a regular expression as it is. */
export function splitTargets(text: string): readonly string[] {
  return isPattern(text) ? [text] : text.split(',');
}

/** What a list of targets means: a regular expression and `all-linear` stand alone in theirs. */
export function targetsOf(targets: readonly string[]): AdapterTargets {
  const [only] = targets;
  const isOne = targets.length === 1 && (only === 'all-linear' || isPattern(only!));
  return isOne ? only! : targets;
}

/** Whether a target is a regular expression of whole names, as PEFT has them, and no name. */
function isPattern(target: string): boolean {
  return /[*+?[\](){}|\\^$]/.test(target);
}
