import type { Backend, CrossEntropyOptions } from '../backend/backend.ts';
import type { TrainingBatch } from '../data/training-batch.ts';
import type { AdaptedRows } from '../nn/adapter.ts';
import type { DecoderOnlyTransformer } from '../nn/decoder-only-transformer.ts';
import type { Dropout, Observer } from '../nn/forward-batch.ts';
import { crossEntropy } from '../ops/softmax.ts';
import { Tensor } from '../tensor/tensor.ts';

/** How the losses of a batch are computed. */
export interface TokenLossOptions extends CrossEntropyOptions {
  readonly dropout?: Dropout | undefined;
  /** What all tokens go through beside the model, and what drops elements of its inputs. */
  readonly adapter?: Omit<AdaptedRows, 'rows'> | undefined;
  /** Keep no activations within a block for the gradient, but compute them again. */
  readonly recompute?: boolean | undefined;
  readonly observe?: Observer | undefined;
}

/**
 * The cross-entropy (T) of each token of a batch, given those of its span before it: the seed's −log p(x_t | x_<t). Call
 * inside a scope.
 */
export function tokenLosses(
  transformer: DecoderOnlyTransformer,
  backend: Backend,
  batch: TrainingBatch,
  options: TokenLossOptions,
): Tensor {
  const { tokenIds, targetIds, positions, spans } = batch;
  const logits = transformer.forward({
    tokenIds: Tensor.from(backend, tokenIds),
    positions,
    context: { kind: 'whole', spans: spans.map(selfSpan) },
    logitRows: undefined,
    observe: options.observe,
    adapters: options.adapter && [{ ...options.adapter, rows: undefined }],
    dropout: options.dropout,
    recompute: options.recompute,
  });
  return crossEntropy(logits, Tensor.from(backend, targetIds), options);
}

function selfSpan({ start, length }: { readonly start: number; readonly length: number }) {
  return { queryStart: start, queryLength: length, keyStart: start, keyLength: length };
}
