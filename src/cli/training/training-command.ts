import { join } from 'node:path';
import { UsageError } from '../exit-codes.ts';
import { type Flag, type FlagGroup, OUTPUT_FLAGS, valuesOf } from '../flags.ts';
import { formatCount } from '../format.ts';
import type { Terminal } from '../terminal.ts';
import { completeSettings, type RunSettings } from './complete-settings.ts';
import { mergeSettings, type SettingsLayer } from './merge-settings.ts';
import { inFolder, readRunFile } from './read-run-file.ts';
import { RunFolder } from './run-folder.ts';
import { RUN_PRESETS, type RunPreset } from './run-presets.ts';
import { type GivenSettings, OUTPUT_SETTING, type RunCommand, SETTING_GROUPS } from './run-settings.ts';
import { type RunOutcome, runTraining } from './run-training.ts';
import { speakingOfSettings } from './speaking-of-settings.ts';
import { formatDuration } from './training-line.ts';

/** The flags of a command that trains which are no settings. */
export interface TrainingFlags {
  readonly config?: string;
  readonly preset?: RunPreset;
  readonly resume?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

export const CONFIG: Flag = {
  flags: '--config <file>',
  description: 'a run file, .toml or .json, whose keys are the flags in camel case; flags have the last word',
};

const FOLDER_FLAGS: readonly Flag[] = [
  OUTPUT_SETTING,
  { flags: '--resume', description: 'go on with the run in --output where its last checkpoint is, with the same bits' },
  { flags: '--force', description: 'remove the run that is in --output, and begin anew' },
];

/** The tables of a command that trains. */
export function trainingFlagGroups(command: RunCommand, runFlags: readonly Flag[]): readonly FlagGroup[] {
  return [['Run:', runFlags], ...SETTING_GROUPS[command], ['Output:', [...FOLDER_FLAGS, ...OUTPUT_FLAGS]]];
}

/** Trains as files and flags say, and prints the folder of the last checkpoint. Ctrl-C finishes the step and saves it. */
export async function trainByFlags(terminal: Terminal, command: RunCommand, flags: TrainingFlags): Promise<void> {
  const { resume = false, force = false, json = false } = flags;
  if (resume && force)
    throw new UsageError(`Cannot ${command}: --resume and --force are both given, wanted one of them`);
  await terminal.interruptible((signal) =>
    speakingOfSettings(async () => {
      const settings = await gatherSettings(command, flags);
      const order = { terminal, command, settings, resumes: resume, mayReplace: force, json };
      const outcome = await runTraining(order, signal);
      // Before its first step there is nothing to say.
      if (outcome.reason === 'aborted' && outcome.checkpoint === undefined) throw signal.reason;
      if (json) terminal.writeJson(toJson(outcome));
      else print(terminal, settings, outcome);
      if (outcome.reason === 'aborted') throw signal.reason;
    }),
  );
}

/** Preset, saved run, run file, flags: each has the last word over those before it. */
async function gatherSettings(command: RunCommand, flags: TrainingFlags): Promise<RunSettings> {
  const { config, resume = false } = flags;
  const tables = [[OUTPUT_SETTING], ...SETTING_GROUPS[command].map(([, table]) => table)];
  const given: GivenSettings = Object.assign({}, ...tables.map((table) => valuesOf(table, flags)));
  const file = config === undefined ? undefined : await readRunFile(config, command);
  const preset = flags.preset ?? file?.preset;
  const layers: SettingsLayer[] = [];
  if (preset !== undefined) layers.push({ source: `preset ${preset}`, settings: RUN_PRESETS[preset] });
  if (resume) {
    const output = given.output ?? file?.settings.output;
    if (flags.preset !== undefined)
      throw new UsageError(`Cannot ${command}: --preset is given, but --resume goes on with the settings of the run`);
    if (output === undefined)
      throw new UsageError(`Cannot ${command}: no folder is given to resume; name it with --output`);
    const folder = await RunFolder.resume(output);
    layers.push({ source: join(output, 'run.json'), settings: await folder.savedSettings(command) });
  }
  if (file !== undefined) layers.push({ source: config!, settings: file.settings });
  layers.push({ source: 'the command line', settings: inFolder('', given) });
  return completeSettings(command, mergeSettings(layers));
}

function print(terminal: Terminal, { output }: RunSettings, outcome: RunOutcome): void {
  const { reason, checkpoint, step, seconds, best, report } = outcome;
  const bestText =
    best === undefined ? '' : ` · best validation loss ${best.loss.toFixed(4)} at step ${formatCount(best.step)}`;
  const what = {
    finished: 'finished',
    'stopped early': 'stopped early, no evaluation was better',
    aborted: 'interrupted',
  };
  terminal.note(`${what[reason]} after step ${formatCount(step)} in ${formatDuration(seconds)}${bestText}`);
  terminal.note(`report: ${report}`);
  if (reason === 'aborted') terminal.note(`the step is saved; --output ${output} --resume goes on with it`);
  if (checkpoint !== undefined) terminal.write(`${checkpoint}\n`);
}

function toJson(outcome: RunOutcome): object {
  const { output, reason, step, totalTokens, seconds, loss, evaluation, best, checkpoint, report, numParameters } =
    outcome;
  return {
    ...{ output, checkpoint: checkpoint ?? null, report, reason, step, totalTokens, seconds, numParameters },
    ...{ loss: loss ?? null, evaluation: evaluation ?? null, best: best ?? null },
  };
}
