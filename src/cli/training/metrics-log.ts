import { type FileHandle, open } from 'node:fs/promises';
import { platform } from '#platform';

/** A line of `metrics.jsonl`. */
export type Metric = StepMetric | EvaluationMetric | SampleMetric;

export interface StepMetric {
  readonly kind: 'step';
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
  readonly tokensPerSecond: number;
  /** Since the run began, without the time in which it stood still. */
  readonly seconds: number;
}

export interface EvaluationMetric {
  readonly kind: 'evaluation';
  readonly step: number;
  readonly validationLoss: number;
  readonly perplexity: number;
  readonly bitsPerByte: number | null;
  readonly seconds: number;
}

export interface SampleMetric {
  readonly kind: 'sample';
  readonly step: number;
  readonly prompt: string;
  readonly text: string;
  /** The text is the target of the prompt, and does not go on with it. */
  readonly isTarget?: true;
}

/** `metrics.jsonl`: what a run has come to, a line for each thing, as it happens. */
export class MetricsLog {
  readonly #file: FileHandle;
  readonly #metrics: Metric[];

  private constructor(file: FileHandle, metrics: readonly Metric[]) {
    this.#file = file;
    this.#metrics = [...metrics];
  }

  /** A new log, or that of a run which goes on after `step`: lines of later steps, and half a line, are gone. */
  static async open(location: string, step: number): Promise<MetricsLog> {
    const kept = step === 0 ? [] : (await readMetrics(location)).filter((metric) => metric.step <= step);
    const text = kept.map(lineOf).join('');
    await platform.writeFileAtomically(location, (file) => file.append(new TextEncoder().encode(text)));
    return new MetricsLog(await open(location, 'a'), kept);
  }

  get all(): readonly Metric[] {
    return this.#metrics;
  }

  /** Seconds that the run has taken so far. */
  get seconds(): number {
    return this.#metrics.findLast((metric) => metric.kind !== 'sample')?.seconds ?? 0;
  }

  async append(metric: Metric): Promise<void> {
    this.#metrics.push(metric);
    await this.#file.appendFile(lineOf(metric));
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** The lines of a log; none if there is no file. What is not a whole line of ours is passed over. */
async function readMetrics(location: string): Promise<readonly Metric[]> {
  const text = (await platform.readText(location)) ?? '';
  return text.split('\n').flatMap((line) => {
    const metric = parseLine(line);
    return metric === undefined ? [] : [metric];
  });
}

const KINDS: readonly unknown[] = ['step', 'evaluation', 'sample'] satisfies Metric['kind'][];

function parseLine(line: string): Metric | undefined {
  try {
    const metric = JSON.parse(line) as Metric | null;
    return metric !== null && KINDS.includes(metric.kind) && Number.isSafeInteger(metric.step) ? metric : undefined;
  } catch {
    return undefined;
  }
}

function lineOf(metric: Metric): string {
  return `${JSON.stringify(metric)}\n`;
}
