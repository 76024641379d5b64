import { type Evaluation, sumOfEvaluations } from '../llm/evaluate-documents.ts';
import { formatBytes, formatCount, formatTable } from './format.ts';

export interface FileEvaluation extends Evaluation {
  readonly path: string;
}

/** How one model did, loaded in one width. */
export interface ModelReport {
  readonly model: string;
  readonly dtype: string;
  readonly weightBytes: number;
  readonly files: readonly FileEvaluation[];
  readonly total: Evaluation;
}

/** The column of a table: its head and its cell for a row. */
type Column = readonly [head: string, cell: (row: Row) => string];

/** What a model did on a file, or on all. */
interface Row {
  readonly model: string;
  readonly dtype: string;
  readonly weights: string;
  readonly evaluation: FileEvaluation;
}

const MODEL_COLUMNS: readonly Column[] = [
  ['model', ({ model }) => model],
  ['dtype', ({ dtype }) => dtype],
  ['weights', ({ weights }) => weights],
];

const DATA_COLUMNS: readonly Column[] = [
  ['data', ({ evaluation }) => evaluation.path],
  ['tokens', ({ evaluation }) => formatCount(evaluation.numTokens)],
  ['size', ({ evaluation }) => formatBytes(evaluation.numBytes)],
  ['loss', ({ evaluation }) => evaluation.loss.toFixed(4)],
  ['perplexity', ({ evaluation }) => evaluation.perplexity.toFixed(4)],
  ['bits/token', ({ evaluation }) => evaluation.bitsPerToken.toFixed(4)],
  ['bits/byte', ({ evaluation }) => evaluation.bitsPerByte?.toFixed(4) ?? '–'],
];

const COMPARISON_COLUMNS: readonly Column[] = [
  ['Δ', ({ evaluation }) => change(evaluation)],
  ['KL', ({ evaluation }) => evaluation.comparison?.klDivergence.toFixed(6) ?? '–'],
  ['same top', ({ evaluation: { comparison } }) => (comparison ? percent(comparison.topAgreement, 2) : '–')],
];

/**
 * A row for each model and file, and one for all files if there are several; models have a name where there is more than one,
 * the first of them the one to compare with.
 */
export function evaluationTable(reports: readonly ModelReport[], against: string | undefined): string {
  const rows = [...(against === undefined ? [] : otherRows(against, reports[0]!)), ...reports.flatMap(rowsOf)];
  const hasModels = against !== undefined || reports.length > 1;
  const columns = [
    ...(hasModels ? MODEL_COLUMNS : []),
    ...DATA_COLUMNS,
    ...(against === undefined ? [] : COMPARISON_COLUMNS),
  ];
  const texts = ['model', 'dtype', 'data'];
  const right = columns.flatMap(([head], i) => (texts.includes(head) ? [] : [i]));
  return formatTable(
    [columns.map(([head]) => head), ...rows.map((row) => columns.map(([, cell]) => cell(row)))],
    right,
  );
}

function rowsOf({ model, dtype, weightBytes, files, total }: ModelReport): readonly Row[] {
  const all = files.length === 1 ? files : [...files, { path: 'all', ...total }];
  return all.map((evaluation) => ({ model, dtype, weights: formatBytes(weightBytes), evaluation }));
}

/** The model to compare with, as the comparisons know it. */
function otherRows(model: string, { files }: ModelReport): readonly Row[] {
  const others = files.map(({ path, ...evaluation }) => ({ path, ...ofOther(evaluation) }));
  const all = others.length === 1 ? others : [...others, { path: 'all', ...sumOfEvaluations(others) }];
  return all.map((evaluation) => ({ model, dtype: 'auto', weights: '–', evaluation }));
}

function ofOther({ comparison, numTokens, numBytes, numDocuments }: Evaluation): Evaluation {
  const { loss, perplexity } = comparison!;
  const bitsPerToken = loss / Math.LN2;
  const bitsPerByte = numBytes === 0 ? null : (bitsPerToken * numTokens) / numBytes;
  return { numDocuments, numTokens, numBytes, loss, perplexity, bitsPerToken, bitsPerByte, comparison: null };
}

function change({ perplexity, comparison }: Evaluation): string {
  if (comparison === null) return '–';
  const share = perplexity / comparison.perplexity - 1;
  return `${share < 0 ? '' : '+'}${percent(share, 3)}`;
}

function percent(share: number, decimals: number): string {
  return `${(100 * share).toFixed(decimals)} %`;
}
