import type { Backend, CrossEntropyOptions } from '../backend/backend.ts';
import type { TrainingBatch } from '../data/training-batch.ts';
import type { AdaptedRows } from '../nn/adapter.ts';
import type { DecoderOnlyTransformer } from '../nn/decoder-only-transformer.ts';
import type { EncoderDecoderTransformer } from '../nn/encoder-decoder-transformer.ts';
import type { Dropout, Observer } from '../nn/forward-batch.ts';
import { spanOver } from '../nn/whole-sequences.ts';
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
    context: { kind: 'whole', spans: spans.map((span) => spanOver(span, span)) },
    logitRows: undefined,
    observe: options.observe,
    adapters: options.adapter && [{ ...options.adapter, rows: undefined }],
    dropout: options.dropout,
    recompute: options.recompute,
  });
  return crossEntropy(logits, Tensor.from(backend, targetIds), options);
}

/**
 * The cross-entropy (T) of each token of a batch of pairs, given those of its target before it and its whole source. Call inside
 * a scope.
 */
export function pairLosses(
  transformer: EncoderDecoderTransformer,
  backend: Backend,
  batch: TrainingBatch,
  options: TokenLossOptions,
): Tensor {
  const { tokenIds, targetIds, positions, spans } = batch;
  const source = batch.source!;
  const { observe, dropout, recompute, adapter } = options;
  const adapters = adapter && [{ ...adapter, rows: undefined }];
  const common = { logitRows: undefined, observe, dropout, recompute, adapters };
  const encoded = transformer.encode({
    ...common,
    tokenIds: Tensor.from(backend, source.tokenIds),
    positions: source.positions,
    context: { kind: 'whole', spans: source.spans.map((span) => spanOver(span, span)) },
  });
  const logits = transformer.forward({
    ...common,
    tokenIds: Tensor.from(backend, tokenIds),
    positions,
    context: { kind: 'whole', spans: spans.map((span) => spanOver(span, span)) },
    source: { kind: 'whole', encoded, spans: spans.map((span, i) => spanOver(span, source.spans[i]!)) },
  });
  return crossEntropy(logits, Tensor.from(backend, targetIds), options);
}
