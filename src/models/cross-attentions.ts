import type { Adapter } from '../nn/adapter.ts';
import type { EncoderDecoderTransformer } from '../nn/encoder-decoder-transformer.ts';
import { spanOver, wholeSequences } from '../nn/whole-sequences.ts';
import type { EncoderDecoderLM } from './encoder-decoder-lm.ts';

/** What the heads of a decoder look at in the source. */
export interface CrossAttentions {
  readonly numTargets: number;
  readonly numSources: number;
  /**
   * `weights[layer][head]` (targets · sources), row-major: how much the head looks at each token of the source when it chooses a
   * token of the target. Each row adds up to 1.
   */
  readonly weights: readonly (readonly Float32Array[])[];
}

/**
 * The cross-attention maps of a finished target, computed anew in one pass over it, through the adapter that made it: `promptIds`
 * is what it began with, and a row is the choice of one of `targetIds`. Throws a `RangeError` as `encode` and `step` do.
 */
export async function crossAttentions(
  model: EncoderDecoderLM,
  of: {
    readonly sourceIds: readonly number[];
    readonly promptIds: readonly number[];
    readonly targetIds: readonly number[];
    readonly adapter?: Adapter | undefined;
  },
): Promise<CrossAttentions> {
  const { sourceIds, promptIds, targetIds, adapter } = of;
  // What a token is chosen by is computed at the one before it.
  const decoderIds = [...promptIds, ...targetIds.slice(0, -1)];
  const projections = await observeProjections(model, { sourceIds, decoderIds, adapter });
  const firstRow = promptIds.length - 1;
  const weights = model.transformer.parts.decoder.parts.layers.map(({ parts }, layer) => {
    const { numHeads, headSize, scale } = parts.cross!.attention.parts;
    const { queries, keys } = projections[layer]!;
    return Array.from({ length: numHeads }, (_, head) =>
      headWeights({ queries, keys, head, headSize, width: numHeads * headSize, scale, firstRow }),
    );
  });
  return { numTargets: targetIds.length, numSources: sourceIds.length, weights };
}

interface Projections {
  /** (T, H · D). */
  readonly queries: Float32Array;
  /** (S, H · D). */
  readonly keys: Float32Array;
}

/** Queries and keys of each layer's cross-attention. */
async function observeProjections(
  { backend, transformer }: EncoderDecoderLM,
  of: {
    readonly sourceIds: readonly number[];
    readonly decoderIds: readonly number[];
    readonly adapter: Adapter | undefined;
  },
): Promise<readonly Projections[]> {
  const { sourceIds, decoderIds, adapter } = of;
  const adapters = adapter && [{ adapter, rows: undefined }];
  const reads = new Map<string, Promise<Float32Array>>();
  await backend.scope(async () => {
    const encoded = transformer.encode({ ...wholeSequences(backend, [sourceIds]), adapters });
    const span = spanOver({ start: 0, length: decoderIds.length }, { start: 0, length: sourceIds.length });
    transformer.forward({
      ...wholeSequences(backend, [decoderIds]),
      adapters,
      source: { kind: 'whole', encoded, spans: [span] },
      observe: (path, tensor) => {
        if (/crossAttention\.(queries|keys)$/.test(path)) reads.set(path, tensor.read() as Promise<Float32Array>);
      },
    });
    await Promise.all(reads.values());
  });
  return Promise.all(
    numbered(transformer).map((layer) => projectionsOf(reads, `decoder.layers.${layer}.crossAttention`)),
  );
}

async function projectionsOf(reads: ReadonlyMap<string, Promise<Float32Array>>, path: string): Promise<Projections> {
  const [queries, keys] = await Promise.all([reads.get(`${path}.queries`)!, reads.get(`${path}.keys`)!]);
  return { queries, keys };
}

function numbered(transformer: EncoderDecoderTransformer): readonly number[] {
  return [...transformer.parts.decoder.parts.layers.keys()];
}

interface HeadInput extends Projections {
  readonly head: number;
  readonly headSize: number;
  /** H · D. */
  readonly width: number;
  readonly scale: number;
  readonly firstRow: number;
}

/** softmax(q · kᵀ · scale) of one head, for the rows from `firstRow` on. */
function headWeights({ queries, keys, head, headSize, width, scale, firstRow }: HeadInput): Float32Array {
  const [numRows, numKeys] = [queries.length / width - firstRow, keys.length / width];
  const weights = new Float32Array(numRows * numKeys);
  for (let row = 0; row < numRows; row++) {
    const scores = Array.from({ length: numKeys }, (_, key) => {
      let sum = 0;
      const [q, k] = [(firstRow + row) * width + head * headSize, key * width + head * headSize];
      for (let i = 0; i < headSize; i++) sum += queries[q + i]! * keys[k + i]!;
      return sum * scale;
    });
    const highest = Math.max(...scores);
    const exps = scores.map((score) => Math.exp(score - highest));
    const total = exps.reduce((sum, value) => sum + value, 0);
    weights.set(
      exps.map((value) => value / total),
      row * numKeys,
    );
  }
  return weights;
}
