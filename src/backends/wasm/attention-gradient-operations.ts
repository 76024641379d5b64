import type { AttentionOptions, AttentionSpan, TrainingOperations } from '../../backend/backend.ts';
import type { PositionBiasAddress } from './attention-command.ts';
import { checkSpans, positionBiasOf } from './attention-operations.ts';
import type { CommandRecorder } from './command-recorder.ts';
import type { WasmBuffer } from './handles.ts';
import { alignedBytes } from './heap.ts';
import { OP_ADD_PARTIALS, OP_ATTENTION_GRADIENT, OP_FILL } from './opcodes.ts';
import { checkDistinct, numRows, type Operands } from './operands.ts';

/** Queries of a block of assembly/attention-gradient.ts, columns of a panel, and bytes of what a block sees (`Sight`). */
const BLOCK_QUERIES = 48;
const PANEL = 12;
const SIGHT_BYTES = 16 + 2 * BLOCK_QUERIES * 4 + 2 * 4 * 4;
const MAX_WINDOW = 2 ** 30;

/** The gradient of attention: checks the operands, then records the commands. */
export function attentionGradientOperations(
  recorder: CommandRecorder,
  operands: Operands,
): Pick<TrainingOperations, 'attentionGradient'> {
  return {
    attentionGradient(gradients, outputGrad, queries, keys, values, options) {
      const op = 'run attentionGradient';
      const { queryGrad, keyGrad, valueGrad, positionBiasGrad } = gradients;
      const q = operands.floats(op, 'queries', queries);
      const k = operands.floats(op, 'keys', keys);
      const v = operands.floats(op, 'values', values, k.length);
      const grad = operands.floats(op, 'outputGrad', outputGrad, q.length);
      const toQueries = operands.floats(op, 'queryGrad', queryGrad, q.length);
      const toKeys = operands.floats(op, 'keyGrad', keyGrad, k.length);
      const toValues = operands.floats(op, 'valueGrad', valueGrad, k.length);
      checkDistinct(op, toQueries, toKeys, toValues, grad, q, k, v);
      checkDistinct(op, toKeys, toValues, grad, q, k, v);
      checkDistinct(op, toValues, grad, q, k, v);
      const { heads, kvHeads, headSize, spans, mask } = options;
      const numQueries = numRows(op, 'queries', q, heads * headSize);
      const numKeys = numRows(op, 'keys', k, kvHeads * headSize);
      checkSpans(op, options, numQueries, numKeys);
      const maskAddress = mask && operands.floats(op, 'mask', mask.values, numQueries * mask.width).address;

      const positionBias = positionBiasOf(op, operands, [toQueries, toKeys, toValues], options);
      const biasLength = options.positionBias?.values.length ?? 0;
      const toBias = positionBiasGrad && operands.floats(op, 'positionBiasGrad', positionBiasGrad, biasLength);
      if (toBias !== undefined) {
        const biases = options.positionBias && operands.floats(op, 'positionBias', options.positionBias.values);
        checkDistinct(op, toBias, toQueries, toKeys, toValues, grad, q, k, v, biases);
      }

      const queryRuns = spans.map(({ queryStart, queryLength }) => [queryStart, queryLength] as const);
      if (!covers(queryRuns, numQueries)) clear(recorder, toQueries);
      if (!covers(keyRuns(spans), numKeys)) {
        clear(recorder, toKeys);
        clear(recorder, toValues);
      }
      if (spans.length === 0) return;
      const buffers = [toQueries, toKeys, toValues, grad, q, k, v] as const;
      const addends = { mask: maskAddress ?? 0, positionBias, toBias };
      recordAttentionGradient(recorder, operands, buffers, addends, options);
    },
  };
}

/** What is added to the scores, and where the gradient of a position bias is added. */
interface Addends {
  readonly mask: number;
  readonly positionBias: PositionBiasAddress | undefined;
  readonly toBias: WasmBuffer | undefined;
}

function recordAttentionGradient(
  recorder: CommandRecorder,
  { memory }: Operands,
  buffers: readonly [WasmBuffer, WasmBuffer, WasmBuffer, WasmBuffer, WasmBuffer, WasmBuffer, WasmBuffer],
  { mask, positionBias, toBias }: Addends,
  options: AttentionOptions,
): void {
  const { heads, kvHeads, headSize, scale, causal, window } = options;
  const clusters = clustersOf(options.spans);
  const starts = [0];
  for (const cluster of clusters) starts.push(starts.at(-1)! + cluster.length);
  const words = clusters.flat().flatMap((it) => [it.queryStart, it.queryLength, it.keyStart, it.keyLength]);
  const { keyRowBytes, maxSightKeys, bytesPerThread } = scratchOf(options);
  const scratch = memory.scratch(attentionGradientScratchBytes(options, recorder.numThreads));
  const partials = scratch + bytesPerThread * recorder.numThreads;
  const spans = recorder.stage(Int32Array.from([...words, ...starts]));
  const [queryGrad, keyGrad, valueGrad, ...inputs] = buffers.map(({ address }) => address);
  const at = recorder.record(OP_ATTENTION_GRADIENT, queryGrad, keyGrad, valueGrad, ...inputs, heads, kvHeads, headSize);
  recorder.setReal(at, 11, scale);
  recorder.setInt(at, 12, causal ? 1 : 0);
  recorder.setInt(at, 13, window === undefined ? 0 : Math.min(window, MAX_WINDOW));
  recorder.setInt(at, 14, mask);
  recorder.setInt(at, 15, options.mask?.width ?? 0);
  recorder.setInt(at, 16, spans);
  recorder.setInt(at, 17, spans + words.length * 4);
  recorder.setInt(at, 18, clusters.length);
  recorder.setInt(at, 19, scratch);
  recorder.setInt(at, 20, bytesPerThread);
  recorder.setInt(at, 21, keyRowBytes);
  recorder.setInt(at, 22, maxSightKeys);
  recorder.setInt(at, 23, 0);
  recorder.setInt(at, 24, positionBias?.address ?? 0);
  recorder.setInt(at, 25, positionBias?.width ?? 0);
  recorder.setInt(at, 26, positionBias?.own ?? 0);
  recorder.setInt(at, 27, toBias === undefined ? 0 : partials);
  if (toBias === undefined) return;
  recorder.record(OP_ADD_PARTIALS, toBias.address, partials, clusters.length, toBias.length * 4, toBias.length);
}

/** Scratch bytes of `attentionGradient`: for all threads, and the gradient of a position bias of each cluster of spans. */
export function attentionGradientScratchBytes(options: AttentionOptions, numThreads: number): number {
  const { spans, positionBias } = options;
  if (spans.length === 0) return 0;
  const partials = positionBias === undefined ? 0 : clustersOf(spans).length * positionBias.values.length * 4;
  return scratchOf(options).bytesPerThread * numThreads + partials;
}

/** What one thread needs, in the order of `cutScratch` in assembly/attention-gradient.ts. */
function scratchOf({ spans, headSize, causal, window }: AttentionOptions) {
  const maxKeys = spans.reduce((most, { keyLength }) => Math.max(most, keyLength), 0);
  const seen = causal && window !== undefined ? window - 1 + BLOCK_QUERIES : maxKeys;
  const maxSightKeys = Math.min(maxKeys, seen);
  const keyRowBytes = alignedBytes(maxKeys * 4) + 64; // rows meet in different sets
  const rows = Math.ceil(headSize / 4) * 4;
  const transposed = rows * (keyRowBytes + 4 * BLOCK_QUERIES * 4);
  const blocks = 2 * BLOCK_QUERIES * Math.ceil(headSize / PANEL) * PANEL * 4;
  const weights = 2 * maxSightKeys * BLOCK_QUERIES * 4;
  return {
    keyRowBytes,
    maxSightKeys,
    bytesPerThread: alignedBytes(transposed + blocks + weights + SIGHT_BYTES),
  };
}

/** Spans that share keys, in their order; no two clusters share any. */
function clustersOf(spans: readonly AttentionSpan[]): readonly (readonly AttentionSpan[])[] {
  const clusters: AttentionSpan[][] = [];
  const order = new Map(spans.map((span, i) => [span, i]));
  let end = -1;
  for (const span of spans.toSorted((a, b) => a.keyStart - b.keyStart)) {
    if (span.keyStart < end) clusters.at(-1)!.push(span);
    else clusters.push([span]);
    end = Math.max(end, span.keyStart + span.keyLength);
  }
  for (const cluster of clusters) cluster.sort((a, b) => order.get(a)! - order.get(b)!);
  return clusters;
}

function keyRuns(spans: readonly AttentionSpan[]): readonly (readonly [start: number, length: number])[] {
  return spans.map(({ keyStart, keyLength }) => [keyStart, keyLength]);
}

/** Whether the runs leave out none of 0 … count − 1. */
function covers(runs: readonly (readonly [start: number, length: number])[], count: number): boolean {
  let end = 0;
  for (const [start, length] of runs.toSorted((a, b) => a[0] - b[0])) {
    if (start > end) return false;
    end = Math.max(end, start + length);
  }
  return end >= count;
}

function clear(recorder: CommandRecorder, buffer: WasmBuffer): void {
  if (buffer.length > 0) recorder.record(OP_FILL, buffer.address, 0, buffer.length);
}
