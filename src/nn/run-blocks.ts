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
  const { source, recompute = false } = batch;
  const run = (x: Tensor) => scoped(x.backend, () => block.forward(x, batch, layer, angles));
  if (!recompute) return run(input);
  if (source?.kind !== 'whole') return recomputed([input], run);
  return recomputed([input, source.encoded], (x, encoded) =>
    scoped(x.backend, () => block.forward(x, { ...batch, source: { ...source, encoded } }, layer, angles)),
  );
}
