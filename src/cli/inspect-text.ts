import { formatShape } from '../base/shape.ts';
import type { TensorEntry } from '../formats/weight-source.ts';
import { formatBytes, formatCount, formatTable } from './format.ts';
import type { ModelFacts, TokenizerFacts, WeightFacts } from './inspect-model.ts';
import type { Colors } from './terminal.ts';

/** The facts for people to read; tensors that differ only in their layer's number share a line where `isGrouped`. */
export function inspectText(colors: Colors, facts: ModelFacts, options: { readonly isGrouped: boolean }): string {
  const { model, architecture, numParameters, config, weights, tokenizer, languages, generation } = facts;
  const kind = architecture === undefined ? 'a safetensors file' : `architecture ${architecture}`;
  const sections = [`${colors.bold(model)}: ${kind}, ${formatCount(numParameters)} parameters\n`];
  const add = (title: string, body: string) => sections.push(`${colors.bold(title)}\n${body}`);
  if (config !== undefined) add('Configuration', fieldTable(config));
  if (config !== undefined) add('Tokenizer', tokenizer === undefined ? '  none\n' : tokenizerText(tokenizer));
  if (languages !== undefined) add('Languages', `  ${languages.join(', ')}\n`);
  if (generation !== undefined) {
    const { values, bosTokenId, ignored } = generation;
    add('Generation defaults', fieldTable({ ...values, bosTokenId, ignored }));
  }
  add('Weights', weights === undefined ? '  none\n' : weightsText(weights, options.isGrouped));
  return sections.join('\n');
}

function fieldTable(fields: object): string {
  const rows = Object.entries(fields).map(([name, value]) => [`  ${name}`, formatValue(value)]);
  return formatTable(rows);
}

function formatValue(value: unknown): string {
  if (value === undefined) return 'none';
  if (Array.isArray(value)) return formatList(value);
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, inner]) => `${name} ${typeof inner === 'object' ? `(${formatValue(inner)})` : formatValue(inner)}`)
      .join(', ');
  }
  return typeof value === 'number' && Number.isInteger(value) ? formatCount(value) : String(value);
}

/** `2 × none, 2 × 256`: runs of equal values together. */
function formatList(values: readonly unknown[]): string {
  const runs: { text: string; length: number }[] = [];
  for (const value of values) {
    const text = formatValue(value);
    const last = runs.at(-1);
    if (last?.text === text) last.length++;
    else runs.push({ text, length: 1 });
  }
  const shown = runs.slice(0, MAX_RUNS).map(({ text, length }) => (length === 1 ? text : `${length} × ${text}`));
  if (runs.length > MAX_RUNS) shown.push(`… (${values.length} in all)`);
  return shown.length === 0 ? 'none' : shown.join(', ');
}

const MAX_RUNS = 12;

function tokenizerText(tokenizer: TokenizerFacts): string {
  const { kind, specialTokens, hasChatTemplate, vocabSize, ...ids } = tokenizer;
  return fieldTable({
    kind,
    vocabSize,
    ...ids,
    specialTokens: specialTokens.map(({ id, token }) => `${token} (${id})`),
    chatTemplate: hasChatTemplate ? 'yes' : 'no',
  });
}

function weightsText({ bytes, dtypes, metadata, tensors }: WeightFacts, isGrouped: boolean): string {
  const elements = Object.entries(dtypes).map(([dtype, count]) => `${formatCount(count)} of ${dtype}`);
  const about = fieldTable({ bytes: formatBytes(bytes), elements: elements.join(', '), metadata });
  const groups = isGrouped ? groupLayers(tensors) : tensors.map((tensor) => ({ ...tensor, count: 1 }));
  const rows = groups.map(({ name, dtype, shape, byteLength, count }) => [
    `  ${name}`,
    dtype,
    formatShape(shape),
    count === 1 ? formatBytes(byteLength) : `${count} × ${formatBytes(byteLength)}`,
  ]);
  return `${about}\n${formatTable([['  tensor', 'dtype', 'shape', 'bytes'], ...rows], [3])}`;
}

type TensorGroup = Pick<TensorEntry, 'name' | 'dtype' | 'shape' | 'byteLength'> & { readonly count: number };

/** `h.0.ln_1.bias` … `h.11.ln_1.bias` as one `h.*.ln_1.bias`, where dtype and shape agree. */
function groupLayers(tensors: readonly TensorEntry[]): readonly TensorGroup[] {
  const groups = new Map<string, { first: TensorEntry; name: string; count: number }>();
  for (const tensor of tensors) {
    const name = tensor.name.replace(/(?<=\.)\d+(?=\.)/, '*');
    const key = `${name} ${tensor.dtype} ${tensor.shape}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: tensor, name, count: 1 });
    else group.count++;
  }
  return [...groups.values()].map(({ first, name, count }) => ({
    ...{ name: count === 1 ? first.name : name, dtype: first.dtype, shape: first.shape, byteLength: first.byteLength },
    count,
  }));
}
