import { formatShape } from '../../base/shape.ts';
import { transposed } from '../../base/transposed.ts';
import { readFloat32, readTensor, tensorEntry, type WeightSource } from '../weight-source.ts';
import { INTERLEAVED, inOrder, unpackRows } from './packed-codes.ts';
import type { QuantizationConfig } from './quantization-config.ts';
import type { LayerGroups, StoredLayer } from './stored-layer.ts';

/** The size of a layer, and its groups; its codes are still in the file. */
export interface LayerHead {
  readonly name: string;
  readonly bits: 8 | 4;
  readonly outputs: number;
  readonly inputs: number;
  readonly groups: LayerGroups;
}

/**
 * Reads what a quantised layer has beside its codes: `<name>.qweight` stands for them, `qzeros` and `scales` for the zero points and
 * scales of its groups, and in GPTQ `g_idx` for the group of each input. Throws a `RangeError` for tensors that do not fit together.
 */
export async function readLayerHead(
  source: WeightSource,
  name: string,
  config: QuantizationConfig,
): Promise<LayerHead> {
  const fail = (problem: string): never => {
    throw new RangeError(`Cannot read layer ${name} of ${source.location}: ${problem}`);
  };
  const shapeOf = (part: string): readonly [number, number] => {
    const { shape, dtype } = tensorEntry(source, `${name}.${part}`);
    if (shape.length !== 2) fail(`${part} has shape ${formatShape(shape)}, wanted two dimensions`);
    if (part !== 'scales' && dtype !== 'int32') fail(`${part} is ${dtype}, wanted int32`);
    return shape as unknown as readonly [number, number];
  };
  const [words, width] = shapeOf('qweight');
  const [numGroups, outputs] = shapeOf('scales');
  const [zeroRows, zeroWords] = shapeOf('qzeros');
  const groupIndex = config.method === 'gptq' ? await readGroupIndex(source, name) : undefined;
  const bits = config.method === 'awq' ? 4 : groupIndex === undefined ? config.bits : (words * 32) / groupIndex.length;
  if (bits !== 4 && bits !== 8) return fail(`its codes have ${bits} bits, supported: 4, 8`);
  const inputs = config.method === 'awq' ? words : (words * 32) / bits;
  const columns = config.method === 'awq' ? (width * 32) / bits : width;
  if (inputs === 0 || outputs === 0) fail(`it has ${inputs} inputs and ${outputs} outputs`);
  if (columns !== outputs) fail(`qweight is of ${columns} outputs, but scales of ${outputs}`);
  if (zeroRows !== numGroups || (zeroWords * 32) / bits !== outputs)
    fail(
      `qzeros has shape ${formatShape([zeroRows, zeroWords])}, wanted ${formatShape([numGroups, (outputs * bits) / 32])}`,
    );
  const groupOf = groupIndex ?? evenGroups(inputs, groupSizeOf(config, inputs, numGroups));
  const wrong = groupOf.find((group) => group < 0 || group >= numGroups);
  if (groupOf.length !== inputs || wrong !== undefined)
    fail(
      `its ${inputs} inputs are of groups up to ${groupOf.reduce((most, one) => Math.max(most, one), 0)}, but it has ${numGroups}`,
    );
  return {
    name,
    bits,
    outputs,
    inputs,
    groups: { numGroups, groupOf, ...(await readGroups(source, name, bits, config)) },
  };
}

/** The whole layer. */
export async function readLayer(
  source: WeightSource,
  head: LayerHead,
  config: QuantizationConfig,
): Promise<StoredLayer> {
  const words = await readWords(source, `${head.name}.qweight`);
  const { bits, outputs } = head;
  if (config.method === 'awq') return { ...head, codes: transposed(unpackRows(words, INTERLEAVED), outputs) };
  // GPTQ packs along the inputs, which are rows here.
  return { ...head, codes: unpackRows(transposed(words, outputs), inOrder(bits)) };
}

async function readGroups(source: WeightSource, name: string, bits: 8 | 4, config: QuantizationConfig) {
  const outputs = tensorEntry(source, `${name}.scales`).shape[1]!;
  const packing = config.method === 'awq' ? INTERLEAVED : inOrder(bits);
  const stored = unpackRows(await readWords(source, `${name}.qzeros`), packing);
  const offset = config.method === 'gptq' ? config.zeroOffset : 0;
  // A zero point of 0 would be stored as −1, which is all bits.
  const zeros = Int16Array.from(stored, (zero) => (zero + offset) % 2 ** bits);
  const { dtype } = tensorEntry(source, `${name}.scales`);
  const scaleDType = dtype === 'float16' || dtype === 'bfloat16' ? dtype : ('float32' as const);
  return {
    zeros: transposed(zeros, outputs),
    scales: transposed(await readFloat32(source, `${name}.scales`), outputs),
    scaleDType,
  };
}

async function readGroupIndex(source: WeightSource, name: string): Promise<Int32Array | undefined> {
  return source.tensors.has(`${name}.g_idx`) ? readWords(source, `${name}.g_idx`) : undefined;
}

async function readWords(source: WeightSource, name: string): Promise<Int32Array> {
  const { dtype, location } = tensorEntry(source, name);
  if (dtype !== 'int32')
    throw new RangeError(`Cannot read tensor ${name} of ${location}: it is ${dtype}, wanted int32`);
  return new Int32Array((await readTensor(source, name)).buffer);
}

/** GPTQ without `g_idx` has groups of one size; which, the number of them says. */
function groupSizeOf(config: QuantizationConfig, inputs: number, numGroups: number): number {
  if (config.method === 'awq' && config.groupSize !== 'row') return config.groupSize;
  return Math.ceil(inputs / numGroups);
}

function evenGroups(inputs: number, groupSize: number): Int32Array {
  return Int32Array.from({ length: inputs }, (_, i) => Math.floor(i / groupSize));
}
