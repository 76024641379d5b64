import { formatCount, formatRate } from '../../format.ts';
import type { EvaluationMetric, Metric, SampleMetric, StepMetric } from '../metrics-log.ts';
import { formatDuration } from '../training-line.ts';
import { escapeHtml } from './escape-html.ts';
import { type Curve, lineChart } from './line-chart.ts';
import { REPORT_STYLE } from './report-style.ts';
import { quantile, smoothed } from './series.ts';

/** What a run is, beside what it has come to. */
export interface RunDescription {
  readonly title: string;
  /** `gpt2, 0.82 M parameters`. */
  readonly facts: readonly string[];
  readonly status: string;
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly version: string;
}

/** The report of a run: one file of HTML that needs no network and no script. */
export function trainingReport(run: RunDescription, metrics: readonly Metric[]): string {
  const steps = metrics.filter((metric) => metric.kind === 'step');
  const evaluations = metrics.filter((metric) => metric.kind === 'evaluation');
  const samples = metrics.filter((metric) => metric.kind === 'sample');
  const { title, facts, status, settings, version } = run;
  const body = [
    `<header><h1>${escapeHtml(title)}</h1><p class="lead">${[...facts, status].map(escapeHtml).join(' · ')}</p></header>`,
    figures(steps, evaluations),
    steps.length === 0 ? '' : lossSection(steps, evaluations),
    steps.length === 0 ? '' : smallCharts(steps),
    samples.length === 0 ? '' : samplesSection(samples),
    evaluations.length === 0 ? '' : evaluationsSection(evaluations),
    `<section><h2>Settings</h2><dl class="settings">${settings.map(settingRow).join('')}</dl></section>`,
    `<footer>Written by Kvasir ${escapeHtml(version)}. The numbers are in metrics.jsonl beside this file.</footer>`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Kvasir</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<main>
${body.filter((part) => part !== '').join('\n')}
</main>
</body>
</html>
`;
}

/** The most telling numbers. */
function figures(steps: readonly StepMetric[], evaluations: readonly EvaluationMetric[]): string {
  const best = bestOf(evaluations);
  const last = steps.at(-1);
  const speed = quantile(
    steps.map(({ tokensPerSecond }) => tokensPerSecond),
    0.5,
  );
  const seconds = Math.max(last?.seconds ?? 0, evaluations.at(-1)?.seconds ?? 0);
  const all: (readonly [name: string, value: string, note: string] | undefined)[] = [
    best && ['Validation loss', best.validationLoss.toFixed(4), `best, at step ${formatCount(best.step)}`],
    best && ['Perplexity', formatRate(best.perplexity), 'at that step'],
    best && best.bitsPerByte !== null
      ? ['Bits per byte', best.bitsPerByte.toFixed(3), 'of text, at that step']
      : undefined,
    last && ['Training loss', lastSmoothed(steps).toFixed(4), 'smoothed, at the end'],
    speed === undefined ? undefined : ['Speed', formatCount(Math.round(speed)), 'tokens/s, median'],
    last && ['Time', formatDuration(seconds), 'with evaluations'],
  ];
  const tiles = all.flatMap((one) => (one === undefined ? [] : [tile(...one)]));
  return tiles.length === 0 ? '' : `<dl class="figures">${tiles.join('')}</dl>`;
}

function tile(name: string, value: string, note: string): string {
  return `<div><dt>${name}</dt><dd>${value}<small>${note}</small></dd></div>`;
}

function lossSection(steps: readonly StepMetric[], evaluations: readonly EvaluationMetric[]): string {
  const raw = steps.map(({ step, loss }) => ({ x: step, y: loss }));
  const smooth = smoothed(raw);
  const measured = evaluations.map(({ step, validationLoss }) => ({ x: step, y: validationLoss }));
  const best = bestOf(evaluations);
  const curves: readonly Curve[] = [
    { label: 'training, each step', kind: 'raw', points: raw },
    { label: 'training, smoothed', kind: 'first', points: smooth },
    { label: 'validation', kind: 'second', points: measured, hasDots: true },
  ];
  const chart = lineChart({
    ...{ title: 'Loss', curves, width: 1000, height: 380, format: (loss) => loss.toFixed(4) },
    // One bad step must not flatten all others.
    range: rangeOf(
      [...smooth, ...measured].map(({ y }) => y),
      raw.map(({ y }) => y),
    ),
    mark: best && { x: best.step, y: best.validationLoss, label: `best ${best.validationLoss.toFixed(4)}` },
  });
  return `<section><div class="head"><h2>Loss <span>nats per token</span></h2>${legend(curves)}</div><div class="wide">${chart}</div></section>`;
}

/** All of the smooth values, and nearly all of the raw ones. */
function rangeOf(smooth: readonly number[], raw: readonly number[]): readonly [number, number] {
  const low = Math.min(
    smooth.reduce((one, other) => Math.min(one, other)),
    quantile(raw, 0.002)!,
  );
  const high = Math.max(
    smooth.reduce((one, other) => Math.max(one, other)),
    quantile(raw, 0.998)!,
  );
  return [low, high];
}

function smallCharts(steps: readonly StepMetric[]): string {
  const pointsOf = (value: (metric: StepMetric) => number) =>
    steps.map((metric) => ({ x: metric.step, y: value(metric) }));
  const small = (title: string, unit: string, points: Curve['points'], isNoisy: boolean) => {
    const curves: readonly Curve[] = isNoisy
      ? [
          { label: 'each step', kind: 'raw', points },
          { label: 'smoothed', kind: 'first', points: smoothed(points) },
        ]
      : [{ label: title, kind: 'first', points }];
    const high = quantile(
      points.map(({ y }) => y),
      0.995,
    )!;
    const chart = lineChart({
      title,
      curves,
      width: 340,
      height: 190,
      range: [0, high],
      format: (value) => value.toPrecision(4),
    });
    return `<section><div class="head"><h2>${title} <span>${unit}</span></h2></div>${chart}</section>`;
  };
  const all = [
    small(
      'Learning rate',
      '',
      pointsOf(({ learningRate }) => learningRate),
      false,
    ),
    small(
      'Gradient norm',
      'before clipping',
      pointsOf(({ gradientNorm }) => gradientNorm),
      true,
    ),
    small(
      'Speed',
      'tokens per second',
      pointsOf(({ tokensPerSecond }) => tokensPerSecond),
      true,
    ),
  ];
  return `<div class="trio">${all.join('')}</div>`;
}

function legend(curves: readonly Curve[]): string {
  const rows = curves.filter(({ points }) => points.length > 0);
  return `<ul class="legend">${rows.map(({ label, kind }) => `<li><i class="${kind}"></i>${label}</li>`).join('')}</ul>`;
}

/** Those of the last time in full, the others to be opened. */
function samplesSection(samples: readonly SampleMetric[]): string {
  const lastStep = samples.at(-1)!.step;
  const isLast = ({ step }: SampleMetric) => step === lastStep;
  const earlier = samples.filter((sample) => !isLast(sample)).reverse();
  const older =
    earlier.length === 0
      ? ''
      : `<details><summary>Earlier samples (${formatCount(earlier.length)})</summary>${earlier.map(sampleFigure).join('')}</details>`;
  return `<section><h2>Samples</h2>${samples.filter(isLast).map(sampleFigure).join('')}${older}</section>`;
}

function sampleFigure({ step, prompt, text, isTarget }: SampleMetric): string {
  const caption = `<figcaption>step ${formatCount(step)}</figcaption>`;
  return `<figure class="sample">${caption}<pre><b>${escapeHtml(prompt)}</b>${isTarget ? ' → ' : ''}${escapeHtml(text)}</pre></figure>`;
}

function evaluationsSection(evaluations: readonly EvaluationMetric[]): string {
  const best = bestOf(evaluations);
  const rows = evaluations.map((evaluation) => {
    const { step, validationLoss, perplexity, bitsPerByte, seconds } = evaluation;
    const cells = [
      ...[formatCount(step), validationLoss.toFixed(4), perplexity.toFixed(2), bitsPerByte?.toFixed(3) ?? '–'],
      formatDuration(seconds),
    ];
    return `<tr${evaluation === best ? ' class="best"' : ''}>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  const names = ['Step', 'Validation loss', 'Perplexity', 'Bits per byte', 'Time'];
  const head = names.map((name) => `<th scope="col">${name}</th>`).join('');
  return `<section><h2>Evaluations</h2><table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table></section>`;
}

function settingRow([name, value]: readonly [name: string, value: string]): string {
  return `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`;
}

function bestOf(evaluations: readonly EvaluationMetric[]): EvaluationMetric | undefined {
  const [first, ...others] = evaluations;
  return others.reduce(
    (best, one) => (best !== undefined && one.validationLoss < best.validationLoss ? one : best),
    first,
  );
}

function lastSmoothed(steps: readonly StepMetric[]): number {
  return smoothed(steps.map(({ step, loss }) => ({ x: step, y: loss }))).at(-1)!.y;
}
