import type {
  AttentionOptions,
  DeviceBuffer,
  DeviceCache,
  DeviceColumns,
  PagedAttentionOptions,
  PagedBatch,
  PositionBias,
} from '../backend/backend.ts';
import { formatShape } from '../base/shape.ts';
import { Columns } from '../tensor/columns.ts';
import { type Origin, Tensor } from '../tensor/tensor.ts';
import { gradientSlot, needGradient } from './gradient-slot.ts';

/** Options of attention whose position bias is a tensor (H, width), so that a gradient can reach it. */
type WithBias<Options> = Omit<Options, 'positionBias'> & { readonly positionBias?: PositionBias<Tensor> | undefined };

/**
 * Scaled dot-product attention (Vaswani et al. 2017) of queries (Tq, H · D) over keys and values (Tk, G · D) → (Tq, H ·
 * D): softmax(Q·Kᵀ · scale + mask + position bias)·V. Throws a `RangeError` for shapes that do not fit.
 *
 * @example
 * const span = { queryStart: 0, queryLength: 3, keyStart: 0, keyLength: 3 };
 * const sizes = { heads: 2, kvHeads: 1, headSize: 4 };
 * attention(queries, keys, values, { ...sizes, spans: [span], scale: 1 / Math.sqrt(4), causal: true }); // (3, 8)
 */
export function attention(queries: Tensor, keys: Tensor, values: Tensor, options: WithBias<AttentionOptions>): Tensor {
  const { heads, kvHeads, headSize, positionBias } = options;
  queries.expectShape([queries.shape[0]!, heads * headSize], 'the queries of attention');
  keys.expectShape([keys.shape[0]!, kvHeads * headSize], 'the keys of attention');
  values.expectShape(keys.shape, 'the values of attention');
  const output = Tensor.allocate(queries.backend, queries.shape);
  queries.backend.attention(output.buffer, queries.buffer, keys.buffer, values.buffer, onDevice(options));
  return needGradient(queries, keys, values, positionBias?.values)
    ? output.withOrigin(originOf(queries, keys, values, options))
    : output;
}

function originOf(queries: Tensor, keys: Tensor, values: Tensor, options: WithBias<AttentionOptions>): Origin {
  const { backend } = queries;
  const bias = options.positionBias?.values;
  const inputs = [queries, keys, values, ...(bias === undefined ? [] : [bias])];
  return {
    inputs,
    saved: inputs,
    backward({ buffer: outputGrad }) {
      const likeOne = ({ shape }: Tensor) => Tensor.allocate(backend, shape);
      const [queryGrad, keyGrad, valueGrad] = [likeOne(queries), likeOne(keys), likeOne(values)];
      const biasGrad = gradientSlot(bias);
      const into = {
        ...{ queryGrad: queryGrad.buffer, keyGrad: keyGrad.buffer, valueGrad: valueGrad.buffer },
        positionBiasGrad: biasGrad.buffer,
      };
      backend.attentionGradient(into, outputGrad, queries.buffer, keys.buffer, values.buffer, onDevice(options));
      return [queryGrad, keyGrad, valueGrad, biasGrad.handOn];
    },
  };
}

function onDevice<Options>(options: WithBias<Options>) {
  const { positionBias } = options;
  return { ...options, positionBias: positionBias && { values: positionBias.values.buffer, own: positionBias.own } };
}

/**
 * Stores keys and values (T, G · D), or two sets of columns of one tensor, in the cache slots of the batch. Throws a `RangeError`
 * for other shapes.
 */
export function storeKeysValues<Rows extends Tensor | Columns>(
  cache: DeviceCache,
  keys: Rows,
  values: Rows,
  batch: PagedBatch,
): void {
  const shape = [batch.numTokens, cache.kvHeads * cache.headSize] as const;
  const [k, v] = [operandOf(keys, shape, 'the keys to cache'), operandOf(values, shape, 'the values to cache')];
  keys.backend.storeKeysValues(cache, k, v, batch);
}

/** What the backend is given for rows of this shape. */
function operandOf(
  rows: Tensor | Columns,
  shape: readonly [number, number],
  role: string,
): DeviceBuffer | DeviceColumns {
  if (!(rows instanceof Columns)) return rows.expectShape(shape, role).buffer;
  const { tensor, width, operand } = rows;
  if (tensor.numRows !== shape[0] || width !== shape[1])
    throw new RangeError(
      `Cannot use ${role}: ${width} columns of ${tensor.numRows} rows, wanted ${formatShape(shape)}`,
    );
  return operand;
}

/**
 * Attention of queries (T, H · D), or so many columns of a tensor, over the cached keys and values of their own sequences →
 * (T, H · D), causal unless the options say otherwise. Throws a `RangeError` for another shape.
 */
export function pagedAttention(
  queries: Tensor | Columns,
  cache: DeviceCache,
  batch: PagedBatch,
  options: WithBias<PagedAttentionOptions>,
): Tensor {
  const shape = [batch.numTokens, options.heads * cache.headSize] as const;
  const operand = operandOf(queries, shape, 'the queries of paged attention');
  const output = Tensor.allocate(queries.backend, shape);
  queries.backend.pagedAttention(output.buffer, operand, cache, batch, onDevice(options));
  return output;
}
