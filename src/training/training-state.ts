import { platform } from '#platform';
import { firstDifference } from '../base/first-difference.ts';
import { sha256Hex } from '../base/sha256.ts';
import { JsonFields } from '../config/json-fields.ts';
import { CheckpointError } from './checkpoint-error.ts';
import type { EvaluatedStep } from './training-events.ts';
import type { StepSettings } from './training-step.ts';

/** How far a training is. */
export interface TrainingProgress {
  readonly step: number;
  readonly totalTokens: number;
  readonly best: EvaluatedStep | undefined;
  /** Evaluations since the best. */
  readonly numWorse: number;
}

/** What a training must agree in with the one that it goes on with. Plain JSON. */
export interface TrainingIdentity {
  readonly settings: StepSettings;
  readonly target: Readonly<Record<string, unknown>>;
  /** Of the data; undefined if they do not say. */
  readonly data: unknown;
}

/** What `state.json` of a checkpoint holds. */
export interface TrainingState extends TrainingProgress {
  readonly identity: TrainingIdentity;
  /** Checksum of the tensors beside it. */
  readonly tensors: string;
}

const FORMAT = 'kvasir-training-state';
const VERSION = 1;

/** Writes the state, with its checksum. */
export async function writeTrainingState(location: string, state: TrainingState): Promise<void> {
  const sha256 = await sha256Hex(JSON.stringify(state));
  const text = `${JSON.stringify({ format: FORMAT, version: VERSION, sha256, state }, undefined, 2)}\n`;
  await platform.writeFileAtomically(location, (file) => file.append(new TextEncoder().encode(text)));
}

/** Reads a state. Throws a `CheckpointError` unless it is there, whole, and of this version. */
export async function readTrainingState(location: string, folder: string): Promise<TrainingState> {
  const text = await platform.readText(location);
  if (text === undefined) throw new CheckpointError(folder, `it has no ${location}`);
  try {
    const file = JsonFields.parse(location, text);
    file.oneOf('format', [FORMAT]);
    if (file.count('version') !== VERSION) throw new RangeError(`version ${file.count('version')}, wanted ${VERSION}`);
    const state = file.value('state');
    if ((await sha256Hex(JSON.stringify(state ?? null))) !== file.string('sha256'))
      throw new RangeError('its checksum does not hold');
    return state as TrainingState;
  } catch (cause) {
    throw new CheckpointError(folder, `${location} is damaged or of another version (${(cause as Error).message})`, {
      cause,
    });
  }
}

/** Throws a `CheckpointError` that says what differs unless both are the same training. */
export function expectSameTraining(folder: string, saved: TrainingIdentity, current: TrainingIdentity): void {
  const difference = firstDifference(saved, JSON.parse(JSON.stringify(current)));
  if (difference === undefined) return;
  const show = (value: unknown) => JSON.stringify(value) ?? 'nothing';
  const { path, first, second } = difference;
  throw new CheckpointError(
    folder,
    `it is of another training: ${path} was ${show(first)} and is ${show(second)}; to begin anew from its weights, load it as a model`,
  );
}

/** JSON of data as what it says, so that a difference can be named; other text as it is. */
export function identityOfData(identity: string | undefined): unknown {
  if (identity === undefined) return undefined;
  try {
    return JSON.parse(identity);
  } catch {
    return identity;
  }
}
