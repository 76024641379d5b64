import { expect, test } from 'vitest';
import type { Metric } from '../metrics-log.ts';
import { type RunDescription, trainingReport } from './training-report.ts';

const RUN: RunDescription = {
  title: 'shakespeare <1>',
  facts: ['gpt2', '809,984 parameters'],
  status: 'step 40 of 40, finished',
  settings: [['data', 'a&b.txt']],
  version: '1.2.3',
};

/** Forty steps, an evaluation every ten, of which the third is best. */
function metrics(): Metric[] {
  const steps = Array.from({ length: 40 }, (_, i): Metric => {
    const step = i + 1;
    return {
      kind: 'step',
      step,
      loss: 4 - i / 20,
      learningRate: 1e-3,
      gradientNorm: 1,
      tokensPerSecond: 1000 + i,
      seconds: step,
    };
  });
  const evaluations = [3.5, 3, 2.5, 2.6].map(
    (validationLoss, i): Metric => ({
      ...{
        kind: 'evaluation',
        step: 10 * (i + 1),
        validationLoss,
        perplexity: Math.exp(validationLoss),
        bitsPerByte: 2,
        seconds: 50,
      },
    }),
  );
  const samples: Metric[] = [
    { kind: 'sample', step: 10, prompt: 'KING:', text: ' early' },
    { kind: 'sample', step: 40, prompt: '<b>', text: ' & "last" \x07' },
  ];
  return [...steps, ...evaluations, ...samples];
}

test('the report is one file that asks for nothing else and runs nothing', () => {
  const html = trainingReport(RUN, metrics());
  expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
  expect(html).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|\b(?:src|href|on\w+)=/i);
  expect(html).not.toMatch(/https?:/);
  expect(html).toContain('prefers-color-scheme: dark');
});

test('every tag is closed by its own', () => {
  const open: string[] = [];
  for (const [, slash, name, rest] of trainingReport(RUN, metrics()).matchAll(/<(\/?)([a-z]\w*)([^>]*)>/g)) {
    if (['meta', 'br'].includes(name!) || rest!.endsWith('/')) continue;
    if (slash === '') open.push(name!);
    else expect(open.pop()).toBe(name);
  }
  expect(open).toEqual([]);
});

test('what comes from data and models is text, never markup', () => {
  const html = trainingReport(RUN, metrics());
  expect(html).toContain('<h1>shakespeare &lt;1&gt;</h1>');
  expect(html).toContain('<pre><b>&lt;b&gt;</b> &amp; &quot;last&quot; \ufffd</pre>');
  expect(html).toContain('<dd>a&amp;b.txt</dd>');
});

test('figures, charts, evaluations and samples are those of the run', () => {
  const html = trainingReport(RUN, metrics());
  expect(html).toContain('<dt>Validation loss</dt><dd>2.5000<small>best, at step 30</small></dd>');
  expect(html).toContain('<dt>Speed</dt><dd>1,020<small>tokens/s, median</small></dd>');
  expect(html).toContain('<dt>Time</dt><dd>0:50');
  expect(html.match(/<svg /g)).toHaveLength(4);
  expect(html).toContain('aria-label="Loss: training, each step from 4.0000 to 2.0500');
  expect(html.match(/<circle class="dot second"/g)).toHaveLength(4);
  expect(html).toContain('<title>step 30: validation 2.5000</title>');
  expect(html).toContain('>best 2.5000</text>');
  expect(html.match(/<tr class="best"><td>30<\/td>/g)).toHaveLength(1);
  expect(html).toContain('<summary>Earlier samples (1)</summary>');
  expect(html.indexOf('step 40</figcaption>')).toBeLessThan(html.indexOf('step 10</figcaption>'));
  expect(html).toContain('Written by Kvasir 1.2.3.');
});

test('a run that has come to nothing, or to one step, has a report too', () => {
  expect(trainingReport(RUN, [])).not.toContain('<svg');
  const one = trainingReport(RUN, metrics().slice(0, 1));
  expect(one.match(/<svg /g)).toHaveLength(4);
  expect(one).not.toMatch(/NaN|Infinity|undefined/);
});

test('one bad step does not flatten the others', () => {
  const all = metrics();
  const spike = all.map((metric) => (metric.kind === 'step' && metric.step === 20 ? { ...metric, loss: 1e6 } : metric));
  const many = Array.from({ length: 25 }, (_, i) =>
    all.flatMap((metric) => (metric.kind === 'step' ? [{ ...metric, step: metric.step + 40 * (i + 1) }] : [])),
  );
  const labels = [...trainingReport(RUN, [...spike, ...many.flat()]).matchAll(/text-anchor="end">([\d,.e]+)</g)];
  expect(labels.length).toBeGreaterThan(3);
  expect(labels.slice(0, 4).every(([, label]) => Number(label!.replaceAll(',', '')) < 1e5)).toBe(true);
});
