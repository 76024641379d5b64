import type { BenchLevel, BenchLoad, BenchSpeculation } from './bench-run.ts';
import { formatPercent, formatRate, formatTable } from './format.ts';
import type { Terminal } from './terminal.ts';

/** What was measured, and of what. */
export interface BenchReport extends BenchLoad {
  readonly model: string;
  readonly isRandom: boolean;
  readonly device: string;
  readonly threads: number;
  readonly loadMs: number;
  readonly levels: readonly BenchLevel[];
}

/** As `--json` prints it. */
export function toBenchJson({ isRandom: _, speculation: _1, levels, ...facts }: BenchReport): object {
  const withRatio = ({ concurrency, tokensPerSecond, ...rest }: BenchLevel) => {
    const ratio = tokensPerSecond / ofOne(levels);
    return { concurrency, tokensPerSecond, ratio, ...rest };
  };
  return { ...facts, levels: levels.map(withRatio) };
}

/** Tables for people to read. */
export function benchText(terminal: Terminal, report: BenchReport): string {
  const { model, isRandom, device, threads, promptTokens, newTokens, rounds, levels } = report;
  const title = [
    `${terminal.colors.bold(model)}${isRandom ? ' with random weights' : ''}`,
    `${device}, ${plural(threads, 'thread')}`,
    `${promptTokens} prompt and ${newTokens} new tokens`,
    plural(rounds, 'round'),
  ].join(' · ');
  return `${title}\n\n${throughputTable(levels)}${speculationTable(levels)}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Tokens per second of one request at once, or of the first figure. */
function ofOne(levels: readonly BenchLevel[]): number {
  return (levels.find(({ concurrency }) => concurrency === 1) ?? levels[0]!).tokensPerSecond;
}

function throughputTable(levels: readonly BenchLevel[]): string {
  const head = ['requests', 'tokens/s', 'ratio', 'first token', 'between', 'overhead', 'blocks', 'waste'];
  const rows = levels.map((level) => [
    String(level.concurrency),
    formatRate(level.tokensPerSecond),
    formatRate(level.tokensPerSecond / ofOne(levels)),
    formatMilliseconds(level.timeToFirstTokenMs),
    formatMilliseconds(level.interTokenMs),
    formatPercent(level.overheadShare),
    String(level.blocks.peak),
    formatPercent(level.blocks.wasteShare),
  ]);
  return formatTable([head, ...rows], allColumns(head));
}

function speculationTable(levels: readonly BenchLevel[]): string {
  const rows = levels.flatMap(({ concurrency, speculation }) =>
    speculation === undefined ? [] : [speculationRow(concurrency, speculation)],
  );
  if (rows.length === 0) return '';
  const head = ['requests', 'tokens/s', 'accepted', 'tokens a run', 'predicted gain', 'measured gain'];
  return `\nWith speculation:\n\n${formatTable([head, ...rows], allColumns(head))}`;
}

function speculationRow(concurrency: number, speculation: BenchSpeculation): readonly string[] {
  const { tokensPerSecond, acceptanceRate, tokensPerRun, predictedGain, measuredGain } = speculation;
  return [
    String(concurrency),
    formatRate(tokensPerSecond),
    acceptanceRate === undefined ? '–' : formatPercent(acceptanceRate),
    formatIfKnown(tokensPerRun),
    formatIfKnown(predictedGain),
    formatRate(measuredGain),
  ];
}

function formatMilliseconds(ms: number | undefined): string {
  return ms === undefined ? '–' : `${formatRate(ms)} ms`;
}

function formatIfKnown(value: number | undefined): string {
  return value === undefined ? '–' : formatRate(value);
}

function allColumns(head: readonly string[]): readonly number[] {
  return head.map((_, column) => column);
}
