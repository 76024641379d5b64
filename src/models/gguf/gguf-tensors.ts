import { transposed } from '../../base/transposed.ts';
import type { ModelConfig } from '../../config/model-config.ts';
import { BLOCK_SIZES, isBlockType } from '../../formats/gguf/block-type.ts';
import { quantizeBlocks, type WrittenBlockType } from '../../formats/gguf/quantize-blocks.ts';
import type { GgufTensorToWrite } from '../../formats/gguf/write-gguf-file.ts';
import { roundValues } from '../../formats/round-values.ts';
import { readFloat32, type WeightSource } from '../../formats/weight-source.ts';
import { scaledFrequencies } from '../../nn/rotary.ts';
import { decoderOnlyParameters } from '../decoder-only-parameters.ts';
import { type MatchedParameter, matchParameters } from '../match-parameters.ts';
import type { ModelDescription } from '../model-description.ts';
import { storedName } from '../parameter-spec.ts';
import { FREQUENCY_FACTORS, GGUF_NAMING, wovenHeads } from './gguf-naming.ts';

/** Types that Kvasir writes tensors in. */
export type GgufDType = 'float32' | 'float16' | 'bfloat16' | WrittenBlockType;

/**
 * A model's tensors as GGUF has them, read when their turn comes. Matrices are of `dtype`, or float16 where their rows are no whole
 * blocks; vectors and learned positions are float32. `isWoven` says whether heads' rows are stored in pairs.
 */
export function ggufTensors(
  source: WeightSource,
  { config, naming }: ModelDescription,
  { dtype, isWoven }: { readonly dtype: GgufDType; readonly isWoven: boolean },
): readonly GgufTensorToWrite[] {
  const heads = isWoven ? wovenHeads(config) : () => undefined;
  const parameters = matchParameters(decoderOnlyParameters(config), naming, source).map((parameter) => {
    const { path, shape } = parameter.spec;
    const { name } = storedName(path, GGUF_NAMING);
    const width = typeFor(parameter, dtype);
    const data = async () => toStored(weave(await readValues(source, parameter), heads(name), shape[0]), width);
    return { name, dtype: width, shape, data };
  });
  return [...frequencyFactors(config), ...parameters];
}

/** Scalings that GGUF has no name for, as what each frequency is divided by. */
function frequencyFactors({ positions }: ModelConfig): readonly GgufTensorToWrite[] {
  if (positions.kind !== 'rotary' || !['llama3', 'factors'].includes(positions.scaling.kind)) return [];
  const plain = scaledFrequencies({ ...positions, scaling: { kind: 'none' } });
  const scaled = scaledFrequencies(positions);
  const factors = plain.map((frequency, i) => frequency / scaled[i]!);
  return [{ name: FREQUENCY_FACTORS, dtype: 'float32', shape: [factors.length], data: async () => factors }];
}

function typeFor({ spec }: MatchedParameter, dtype: GgufDType): GgufDType {
  if (spec.kind === 'vector' || spec.path === 'positionEmbedding.weight') return 'float32';
  return isBlockType(dtype) && spec.shape[1] % BLOCK_SIZES[dtype].elements !== 0 ? 'float16' : dtype;
}

/** A parameter's values, row-major with outputs as rows. */
async function readValues(source: WeightSource, parameter: MatchedParameter): Promise<Float32Array> {
  const { spec, entry, firstRow, isTransposed } = parameter;
  const columns = spec.kind === 'matrix' ? spec.shape[1] : 1;
  const values = await readFloat32(source, entry.name);
  if (isTransposed) return transposed(values, spec.shape[0]);
  return values.subarray(firstRow * columns, (firstRow + spec.shape[0]) * columns);
}

/** Row j · D/2 + i of a head becomes row 2i + j. */
function weave(values: Float32Array, numHeads: number | undefined, rows: number): Float32Array {
  if (numHeads === undefined) return values;
  const columns = values.length / rows;
  const half = rows / numHeads / 2;
  const woven = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const head = Math.floor(row / (2 * half));
    const inHead = row % (2 * half);
    const to = head * 2 * half + 2 * (inHead % half) + Math.floor(inHead / half);
    woven.set(values.subarray(row * columns, (row + 1) * columns), to * columns);
  }
  return woven;
}

function toStored(values: Float32Array, dtype: GgufDType): ArrayBufferView {
  return isBlockType(dtype) ? quantizeBlocks(dtype as WrittenBlockType, values) : roundValues(values, dtype);
}
