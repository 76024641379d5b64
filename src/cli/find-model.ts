import { resolveModel } from '../hub/resolve-model.ts';
import { LoadProgressBar } from './load-progress.ts';
import type { Terminal } from './terminal.ts';

export interface FindOptions {
  readonly revision?: string | undefined;
  readonly json?: boolean | undefined;
}

/** The folder of a model, with a bar while it is downloaded. */
export async function findModel(
  terminal: Terminal,
  pathOrHubId: string,
  { revision, json = false }: FindOptions,
  signal: AbortSignal,
): Promise<string> {
  const bar = new LoadProgressBar(terminal, { isQuiet: json });
  try {
    return await resolveModel(pathOrHubId, { revision, signal, onProgress: (progress) => bar.update(progress) });
  } finally {
    bar.stop();
  }
}
