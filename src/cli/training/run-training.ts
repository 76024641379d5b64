import { platform } from '#platform';
import { createBackend } from '../../create-backend.ts';
import { Trainer } from '../../training/trainer.ts';
import type { TrainingResult } from '../../training/training-events.ts';
import { formatCount } from '../format.ts';
import type { Terminal } from '../terminal.ts';
import type { RunSettings } from './complete-settings.ts';
import { MetricsLog } from './metrics-log.ts';
import { type PreparedRun, prepareFinetuning, prepareTraining } from './prepare-run.ts';
import { expectFiles } from './run-data.ts';
import { RunFolder } from './run-folder.ts';
import { RunRecord } from './run-record.ts';
import type { RunCommand } from './run-settings.ts';
import { trainerOptions } from './trainer-options.ts';
import { TrainingDisplay } from './training-display.ts';

/** A run as it is asked for. */
export interface RunOrder {
  readonly terminal: Terminal;
  readonly command: RunCommand;
  readonly settings: RunSettings;
  readonly resumes: boolean;
  readonly mayReplace: boolean;
  readonly json: boolean;
}

/** What a run has come to. */
export interface RunOutcome extends TrainingResult {
  readonly output: string;
  readonly report: string;
  readonly numParameters: number;
}

/** Trains as the settings say, and writes everything into their folder; a run that fails before its first step leaves nothing. */
export async function runTraining(order: RunOrder, signal: AbortSignal): Promise<RunOutcome> {
  const { output, device, threads, numerics } = order.settings;
  // An earlier run must not go for one that cannot begin.
  await expectFiles(order.settings);
  const folder = order.resumes ? await RunFolder.resume(output) : await RunFolder.begin(output, order);
  try {
    const backend = await createBackend({ device, threads, numerics });
    try {
      const { terminal, resumes, json } = order;
      const prepare = order.command === 'train' ? prepareTraining : prepareFinetuning;
      const run = await prepare(order.settings, { terminal, backend, folder, resumes, json, signal });
      try {
        return await trainPrepared(order, folder, run, signal);
      } finally {
        if ('trained' in run.trained) run.trained.trained.release();
        await run.data.close();
      }
    } finally {
      await backend.dispose();
    }
  } finally {
    await folder.discardUnlessKept();
  }
}

async function trainPrepared(
  order: RunOrder,
  folder: RunFolder,
  run: PreparedRun,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const { settings, model, trained, data, baseFolder } = run;
  const trainer = await Trainer.create(
    trainerOptions(settings, {
      ...{ model: trained, data, folder: folder.path, signal },
      // A target keeps its own.
      baseFolder: 'trained' in trained ? undefined : baseFolder,
      resume: order.resumes ? await folder.lastCheckpoint() : undefined,
    }),
  );
  try {
    const log = await MetricsLog.open(folder.metrics, trainer.step);
    try {
      await folder.saveSettings(order.command, settings);
      const display = new TrainingDisplay(order.terminal, { logEvery: settings.logEvery, isQuiet: order.json });
      display.note(beginning(run, order.resumes ? trainer.step : undefined));
      const record = new RunRecord(run, { folder, log, display });
      return {
        ...(await follow(trainer, record)),
        output: settings.output,
        report: folder.report,
        numParameters: model.numParameters,
      };
    } finally {
      await log.close();
    }
  } finally {
    trainer.dispose();
  }
}

/** Hands each event on; the report is written whatever ends the training. */
async function follow(trainer: Trainer, record: RunRecord): Promise<TrainingResult> {
  const events = trainer.run();
  try {
    for (;;) {
      const next = await events.next();
      if (next.done === true) {
        await record.writeReport(next.value.reason);
        return next.value;
      }
      await record.take(next.value);
    }
  } catch (error) {
    await record.writeReport(`ended by an error: ${(error as Error).message}`);
    throw error;
  } finally {
    record.end();
  }
}

function beginning({ model, data, settings }: PreparedRun, step: number | undefined): string {
  const { device = 'wasm', threads = platform.availableParallelism } = settings;
  const { evaluation } = data;
  const held = evaluation === undefined ? '' : `, ${formatCount(evaluation.numTokens)} held out`;
  const long = data.numLeftOut === 0 ? '' : `, ${formatCount(data.numLeftOut)} long pairs left out`;
  const parts = [
    `${formatCount(model.numParameters)} parameters`,
    `${formatCount(data.numTokens)} tokens${held}${long}`,
    device === 'wasm' ? `${threads} ${threads === 1 ? 'thread' : 'threads'}` : device,
  ];
  return `${parts.join(' · ')}${step === undefined ? '' : ` · going on after step ${formatCount(step)}`}`;
}
