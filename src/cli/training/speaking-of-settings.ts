import { speakingOfFlags } from '../flag-names.ts';
import { SETTING_NAMES } from './run-settings.ts';

/** Where the trainer's options are that the settings are made of. */
const PLACES = /\b(?:schedule|optimizer|evaluation|checkpoints)\.(?=[a-z])/g;

/** Other names of the library for settings. */
const NAMES = new Map([...SETTING_NAMES, ['every', '--evaluate-every'], ['maxPositions', '--context-length']]);

/** Runs `body`. An error of the library that names a setting becomes a `UsageError` that names the flag. */
export function speakingOfSettings<Result>(body: () => Promise<Result>): Promise<Result> {
  return speakingOfFlags(NAMES, async () => {
    try {
      return await body();
    } catch (error) {
      if (error instanceof TypeError || error instanceof RangeError) error.message = error.message.replace(PLACES, '');
      throw error;
    }
  });
}
