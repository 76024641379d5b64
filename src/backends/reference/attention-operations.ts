import {
  type AttentionOptions,
  type AttentionSpan,
  CACHE_BLOCK_SIZE,
  type DeviceBuffer,
  type DeviceColumns,
  type Operations,
  type PagedAttentionOptions,
  type PagedBatch,
  type PositionBias,
} from '../../backend/backend.ts';
import { attention } from './kernels/attention.ts';
import { copyBlocks, type PagedSequences, pagedAttention, storeKeysValues } from './kernels/paged-attention.ts';
import type { DensePositionBias } from './kernels/position-bias.ts';
import { Operands } from './operands.ts';
import type { ReferenceMemory } from './reference-memory.ts';

type AttentionOperations = Pick<Operations, 'attention' | 'storeKeysValues' | 'pagedAttention' | 'copyBlocks'>;

/** The operations of attention: checks the operands, then calls the kernel of the same name. */
export function attentionOperations(memory: ReferenceMemory): AttentionOperations {
  return {
    attention(output, queries, keys, values, options) {
      const operands = new Operands(memory, 'attention');
      operands.distinct(output, queries, keys, values);
      const { heads, kvHeads, headSize, mask } = options;
      const q = operands.floats('queries', queries);
      const numQueries = operands.numRows('queries', q.length, heads * headSize);
      const k = operands.floats('keys', keys);
      const numKeys = operands.numRows('keys', k.length, kvHeads * headSize);
      const v = operands.floats('values', values, k.length);
      checkSpans(operands, options, { numQueries, numKeys });
      const maskValues = mask && {
        values: operands.floats('mask', mask.values, numQueries * mask.width),
        width: mask.width,
      };
      const positionBias = positionBiasOf(operands, [output], options);
      attention(operands.floats('output', output, q.length), q, k, v, { ...options, mask: maskValues, positionBias });
    },

    storeKeysValues(cache, keys, values, batch) {
      const operands = new Operands(memory, 'storeKeysValues');
      const into = operands.cache(cache);
      const rowsOf = (name: string, operand: DeviceBuffer | DeviceColumns) =>
        operands.rowsOf(name, operand, batch.numTokens, into.slotLength);
      const slots = operands.ints('slots', batch.slots, batch.numTokens, into.numSlots);
      storeKeysValues(into, rowsOf('keys', keys), rowsOf('values', values), slots);
    },

    pagedAttention(output, queries, cache, batch, options) {
      const operands = new Operands(memory, 'pagedAttention');
      operands.distinct(output, queries);
      const from = operands.cache(cache);
      checkHeads(operands, options.heads, from.kvHeads, options.window);
      const sequences = sequencesOf(operands, batch, from.numBlocks, options);
      const q = operands.rowsOf('queries', queries, batch.numTokens, options.heads * from.headSize);
      const positionBias = positionBiasOf(operands, [output], options);
      const to = operands.floats('output', output, q.length);
      pagedAttention(to, q, from, sequences, { ...options, positionBias });
    },

    copyBlocks(cache, pairs) {
      const operands = new Operands(memory, 'copyBlocks');
      const within = operands.cache(cache);
      for (const block of pairs.flatMap(({ from, to }) => [from, to])) {
        if (!Number.isInteger(block) || block < 0 || block >= within.numBlocks) {
          operands.fail(`block ${block}, but the cache has ${within.numBlocks}`);
        }
      }
      copyBlocks(within, pairs);
    },
  };
}

/** Checks heads, window and the places of the spans of dense attention. */
export function checkSpans(
  operands: Operands,
  { spans, heads, kvHeads, window, mask }: AttentionOptions,
  sizes: { readonly numQueries: number; readonly numKeys: number },
): void {
  checkHeads(operands, heads, kvHeads, window);
  for (const span of spans) checkSpan(operands, span, { ...sizes, maskWidth: mask?.width });
}

function checkHeads(operands: Operands, heads: number, kvHeads: number, window: number | undefined): void {
  operands.positive('heads', heads);
  operands.positive('kvHeads', kvHeads);
  if (heads % kvHeads !== 0) operands.fail(`${heads} heads, wanted a multiple of the ${kvHeads} key/value heads`);
  if (window !== undefined) operands.positive('window', window);
}

/** The position bias of attention, if it has one; it may be none of the outputs. */
export function positionBiasOf(
  operands: Operands,
  outputs: readonly DeviceBuffer[],
  { heads, positionBias }: { readonly heads: number; readonly positionBias?: PositionBias | undefined },
): DensePositionBias | undefined {
  if (positionBias === undefined) return undefined;
  const { values, own } = positionBias;
  for (const output of outputs) operands.distinct(output, values);
  const biases = operands.floats('positionBias', values);
  const width = biases.length / heads;
  if (!Number.isInteger(width))
    operands.fail(`positionBias has ${biases.length} elements, wanted rows for ${heads} heads`);
  if (!(Number.isInteger(own) && own >= 0 && own < width))
    operands.fail(`the own column of positionBias is ${own}, wanted 0 to ${width - 1}`);
  return { values: biases, width, own };
}

function checkSpan(
  operands: Operands,
  span: AttentionSpan,
  { numQueries, numKeys, maskWidth = span.keyLength }: SpanLimits,
): void {
  const isInside = (start: number, length: number, end: number) => start >= 0 && length >= 0 && start + length <= end;
  const { queryStart, queryLength, keyStart, keyLength } = span;
  if (!isInside(queryStart, queryLength, numQueries) || !isInside(keyStart, keyLength, numKeys)) {
    operands.fail(`span ${JSON.stringify(span)}, but there are ${numQueries} queries and ${numKeys} keys`);
  }
  if (keyLength > maskWidth) {
    operands.fail(`mask of width ${maskWidth}, wanted at least the ${keyLength} keys of a span`);
  }
}

interface SpanLimits {
  readonly numQueries: number;
  readonly numKeys: number;
  readonly maskWidth: number | undefined;
}

function sequencesOf(
  operands: Operands,
  { numTokens, numSequences, maxBlocks, ...batch }: PagedBatch,
  numBlocks: number,
  { maxKeyLength, causal = true }: PagedAttentionOptions,
): PagedSequences {
  const queryStarts = operands.ints('queryStarts', batch.queryStarts, numSequences + 1, numTokens + 1);
  const keyLengths = operands.ints('keyLengths', batch.keyLengths, numSequences, maxKeyLength + 1);
  const blockTables = operands.ints('blockTables', batch.blockTables, numSequences * maxBlocks);
  if (queryStarts[0] !== 0 || queryStarts[numSequences] !== numTokens) {
    operands.fail(`queryStarts run from ${queryStarts[0]} to ${queryStarts[numSequences]}, wanted 0 to ${numTokens}`);
  }
  for (let sequence = 0; sequence < numSequences; sequence++) {
    const numQueries = queryStarts[sequence + 1]! - queryStarts[sequence]!;
    const keyLength = keyLengths[sequence]!;
    if (numQueries < 0 || (causal && numQueries > keyLength) || keyLength > maxBlocks * CACHE_BLOCK_SIZE) {
      operands.fail(`sequence ${sequence} has ${numQueries} queries, ${keyLength} keys and ${maxBlocks} blocks`);
    }
    const first = sequence * maxBlocks;
    const used = blockTables.subarray(first, first + Math.ceil(keyLength / CACHE_BLOCK_SIZE));
    const outside = used.find((block) => block < 0 || block >= numBlocks);
    if (outside !== undefined) {
      operands.fail(`sequence ${sequence} has block ${outside}, but the cache has ${numBlocks}`);
    }
  }
  return { numSequences, maxBlocks, queryStarts, keyLengths, blockTables };
}
