import { setTimeout as delay } from 'node:timers/promises';
import { type ExpectedContent, PartialFile } from './partial-file.ts';

export interface BlobDownload {
  /** Where the verified file goes. */
  readonly path: string;
  readonly expected: ExpectedContent;
  /** Asks for the bytes from `start` on; the server may send all of them. */
  readonly open: (start: number) => Promise<Response>;
  /** The error for a status that will not change. */
  readonly refuse: (status: number) => Error;
  readonly onProgress: (loaded: number) => void;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds before the first repetition; each further one waits twice as long. */
  readonly retryDelay?: number | undefined;
}

/** In a row, without a byte in between. */
const MAX_FAILURES = 5;

/**
 * Downloads one file, continuing what an earlier attempt left and repeating requests that fail on the way. Aborted or
 * failed, it leaves what it has to the next attempt; its place is taken only by a whole file with the right hash.
 */
export async function downloadBlob(download: BlobDownload): Promise<void> {
  const partial = await PartialFile.claim(download.path, download.expected);
  try {
    await fetchRest(partial, download);
  } catch (error) {
    await partial.giveUp();
    throw error;
  }
  await partial.finish();
}

async function fetchRest(partial: PartialFile, download: BlobDownload): Promise<void> {
  const { expected, signal, retryDelay = 500 } = download;
  let failures = 0;
  let farthest = partial.size;
  while (partial.size < expected.size) {
    try {
      await fetchOnce(partial, download);
      if (partial.size < expected.size) throw new TransientError('the connection was closed');
    } catch (error) {
      signal?.throwIfAborted();
      failures = partial.size > farthest ? 1 : failures + 1;
      farthest = Math.max(farthest, partial.size);
      if (!isTransient(error) || failures > MAX_FAILURES) throw stopped(partial, expected, error);
      await delay(retryDelay * 2 ** (failures - 1), undefined, { signal });
    }
  }
}

async function fetchOnce(partial: PartialFile, { expected, open, refuse, onProgress }: BlobDownload): Promise<void> {
  const response = await open(partial.size);
  await requireContent(response, partial, expected, refuse);
  onProgress(partial.size);
  for await (const chunk of response.body ?? []) {
    await partial.append(chunk);
    onProgress(partial.size);
  }
}

/** Accepts the rest, or all of it; anything else is an error. */
async function requireContent(
  response: Response,
  partial: PartialFile,
  expected: ExpectedContent,
  refuse: (status: number) => Error,
): Promise<void> {
  if (response.status === 200) {
    if (partial.size > 0) await partial.restart();
    return;
  }
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('Content-Range') ?? '');
  if (response.status === 206 && Number(range?.[1]) === partial.size) {
    if (range![2] === '*' || Number(range![2]) === expected.size) return;
    await response.body?.cancel();
    throw new RangeError(`the server has ${range![2]} bytes, but listed ${expected.size}`);
  }
  await response.body?.cancel();
  if (response.status === 206 || response.status === 416) {
    await partial.restart();
    throw new TransientError(`the server answered ${response.status} without the bytes asked for`);
  }
  if (response.status >= 500 || response.status === 429) {
    throw new TransientError(`the server answered ${response.status}`);
  }
  throw refuse(response.status);
}

class TransientError extends Error {}

/** `fetch` throws a `TypeError` for what happens on the network, and so does its body. */
function isTransient(error: unknown): boolean {
  return error instanceof TransientError || error instanceof TypeError;
}

function stopped(partial: PartialFile, expected: ExpectedContent, cause: unknown): Error {
  if (!isTransient(cause)) return cause as Error;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new Error(`${message} after ${partial.size} of ${expected.size} bytes; the next attempt continues there`, {
    cause,
  });
}
