import { numElements } from '../../base/shape.ts';
import { requireInside, type TensorEntry, tensorEntry, type WeightSource } from '../weight-source.ts';
import { BLOCK_SIZES, type BlockType, isBlockType } from './block-type.ts';
import { dequantizeBlocks } from './dequantize-blocks.ts';

/** A source whose tensors of blocks are those of another as float32, dequantised as they are read; the others are as they are. */
export function dequantizedWeights(source: WeightSource): WeightSource {
  const tensors = new Map([...source.tensors].map(([name, entry]) => [name, asFloat32(entry)]));
  return {
    location: source.location,
    tensors,
    metadata: source.metadata,
    async read(name, target, byteOffset) {
      const { dtype } = tensorEntry(source, name);
      if (!isBlockType(dtype)) return source.read(name, target, byteOffset);
      requireInside(tensors.get(name)!, byteOffset, target.length);
      await readFloats(source, name, dtype, target, byteOffset);
    },
    close: () => source.close(),
  };
}

function asFloat32(entry: TensorEntry): TensorEntry {
  return isBlockType(entry.dtype) ? { ...entry, dtype: 'float32', byteLength: 4 * numElements(entry.shape) } : entry;
}

/** Fills `target` with bytes of float32 values: those of all blocks that they lie in, and cut. */
async function readFloats(
  source: WeightSource,
  name: string,
  type: BlockType,
  target: Uint8Array,
  byteOffset: number,
): Promise<void> {
  const { elements, bytes } = BLOCK_SIZES[type];
  const first = Math.floor(byteOffset / (4 * elements));
  const end = Math.ceil((byteOffset + target.length) / (4 * elements));
  const blocks = new Uint8Array((end - first) * bytes);
  await source.read(name, blocks, first * bytes);
  const values = new Float32Array((end - first) * elements);
  dequantizeBlocks(type, blocks, values);
  target.set(new Uint8Array(values.buffer, byteOffset - first * 4 * elements, target.length));
}
