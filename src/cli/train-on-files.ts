import type { Corpus } from '../tokenizers/training/corpus.ts';
import type { TrainedBpe } from '../tokenizers/training/train-bpe.ts';
import type { TrainedTokenizer } from '../tokenizers/training/trained-tokenizer.ts';
import type { TrainingControl, TrainingProgress } from '../tokenizers/training/training-options.ts';
import { formatBytes, formatCount } from './format.ts';
import type { InputStream } from './io.ts';
import type { ProgressBar } from './progress-bar.ts';
import { sumFileSizes, textChunks } from './text-chunks.ts';

export type Trained = TrainedTokenizer | TrainedBpe;

/** A way to train a tokenizer, its options chosen. */
export type Training = (corpus: Corpus, control: TrainingControl) => Promise<Trained>;

export interface TrainingInput {
  /** Paths; `-` is stdin. */
  readonly files: readonly string[];
  readonly stdin: InputStream;
  readonly bar: ProgressBar;
  readonly signal: AbortSignal;
}

/** Trains a tokenizer on files, each a text of its own, and shows on the bar how far it is. */
export async function trainOnFiles(training: Training, { files, stdin, bar, signal }: TrainingInput): Promise<Trained> {
  const total = await sumFileSizes(files, signal);
  let loaded = 0;
  const open = (location: string) => {
    const onRead = (numBytes: number) => {
      loaded += numBytes;
      showReading(bar, { loaded, total, location });
    };
    return textChunks(location, { stdin, signal, onRead });
  };
  try {
    return await training(files.map(open), { signal, onProgress: (progress) => showMerging(bar, progress) });
  } finally {
    bar.stop();
  }
}

/** Of stdin the length is not known: then all there is has been read. */
function showReading(
  bar: ProgressBar,
  { loaded, total, location }: { loaded: number; total: number; location: string },
) {
  bar.update({
    action: 'Reading',
    loaded,
    total: Math.max(total, loaded),
    amount: formatBytes(loaded),
    detail: location === '-' ? 'stdin' : location,
  });
}

function showMerging(bar: ProgressBar, progress: TrainingProgress): void {
  if (progress.status !== 'merging') return;
  const { loaded, total } = progress;
  const amount = `${formatCount(loaded)} of ${formatCount(total)} tokens`;
  bar.update({ action: 'Merging', loaded, total, amount, detail: '' });
}
