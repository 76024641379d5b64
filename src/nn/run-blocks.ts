import { recomputed } from '../autograd/recomputed.ts';
import { scoped, type Tensor } from '../tensor/tensor.ts';
import type { DecoderBlock } from './decoder-block.ts';
import type { ForwardBatch } from './forward-batch.ts';
import type { RotaryAngles } from './rotary.ts';

/** Runs the embedded tokens (T, C) through a stack of layers, each in a scope of its own; takes `input` over. */
export function runBlocks(
  layers: readonly DecoderBlock[],
  input: Tensor,
  batch: ForwardBatch,
  angles: RotaryAngles | undefined,
): Tensor {
  let hidden = input;
  for (const [layer, block] of layers.entries()) {
    const before = hidden;
    hidden = runBlock(block, before, batch, layer, angles);
    if (hidden.origin === undefined) before.release();
    batch.observe?.(`layers.${layer}`, hidden);
  }
  return hidden;
}

function runBlock(
  block: DecoderBlock,
  input: Tensor,
  batch: ForwardBatch,
  layer: number,
  angles: RotaryAngles | undefined,
): Tensor {
  const run = (x: Tensor, own: ForwardBatch) => scoped(x.backend, () => block.forward(x, own, layer, angles));
  if (batch.recompute !== true) return run(input, batch);
  const { source, positionBias } = batch;
  const encoded = source?.kind === 'whole' ? [source.encoded] : [];
  const biases = positionBias === undefined ? [] : [positionBias.values];
  return recomputed([input, ...encoded, ...biases], (x, ...rest) => {
    const own = { ...batch };
    if (source?.kind === 'whole') own.source = { ...source, encoded: rest[0]! };
    if (positionBias !== undefined) own.positionBias = { ...positionBias, values: rest.at(-1)! };
    return run(x, own);
  });
}
