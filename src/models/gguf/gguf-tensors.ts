import { transposed } from '../../base/transposed.ts';
import type { ModelConfig } from '../../config/model-config.ts';
import { BLOCK_SIZES, isBlockType } from '../../formats/gguf/block-type.ts';
import { blocksOfScheme, type CodeBlockType, encodeCodes } from '../../formats/gguf/blocks-of-codes.ts';
import { quantizeBlocks, type WrittenBlockType } from '../../formats/gguf/quantize-blocks.ts';
import type { GgufTensorToWrite } from '../../formats/gguf/write-gguf-file.ts';
import { roundValues } from '../../formats/round-values.ts';
import { readFloat32, type WeightSource } from '../../formats/weight-source.ts';
import { scaledFrequencies } from '../../nn/rotary.ts';
import { describeScheme } from '../../quantized/quantization-scheme.ts';
import type { QuantizedMatrix } from '../../quantized/quantized-matrix.ts';
import { decoderOnlyParameters } from '../decoder-only-parameters.ts';
import { matchParameters } from '../match-parameters.ts';
import type { ModelDescription } from '../model-description.ts';
import type { ParameterReader } from '../parameter-reader.ts';
import { type ParameterSpec, storedName } from '../parameter-spec.ts';
import { FREQUENCY_FACTORS, GGUF_NAMING, wovenHeads } from './gguf-naming.ts';

/** Types that Kvasir writes tensors in. */
export type GgufDType = 'float32' | 'float16' | 'bfloat16' | WrittenBlockType;

/** What is written as GGUF. */
export interface GgufModel {
  readonly config: ModelConfig;
  readonly read: ParameterReader;
  /** Matrices that are codes already, by path. */
  readonly matrices?: ReadonlyMap<string, QuantizedMatrix> | undefined;
}

/**
 * A model's tensors as GGUF has them, read when their turn comes. Matrices are of `dtype`, or float16 where their rows are no whole
 * blocks; those of codes keep them in blocks; vectors and learned positions are float32. `isWoven` says whether heads' rows are
 * stored in pairs. Throws a `RangeError` for codes that no block type has.
 */
export function ggufTensors(
  { config, read, matrices }: GgufModel,
  { dtype, isWoven }: { readonly dtype: GgufDType; readonly isWoven: boolean },
): readonly GgufTensorToWrite[] {
  const heads = isWoven ? wovenHeads(config) : () => undefined;
  const parameters = decoderOnlyParameters(config).map((spec) => {
    const { path, shape } = spec;
    const { name } = storedName(path, GGUF_NAMING);
    const matrix = matrices?.get(path);
    const type = matrix && blockTypeOf(path, matrix);
    if (matrix !== undefined && type !== undefined) {
      const data = async () => encodeCodes(type, wovenMatrix(matrix, heads(name)));
      return { name, dtype: type, shape, data };
    }
    const width = typeFor(spec, dtype);
    const data = async () => toStored(weave(await read(path), heads(name), shape[0]), width);
    return { name, dtype: width, shape, data };
  });
  return [...frequencyFactors(config), ...parameters];
}

/** Undefined where rows are no whole blocks. */
function blockTypeOf(path: string, { scheme, columns }: QuantizedMatrix): CodeBlockType | undefined {
  const type = blocksOfScheme(scheme);
  if (type === undefined)
    throw new RangeError(
      `Cannot write ${path} as GGUF: it is ${describeScheme(scheme)}; wanted groups of 32 and float16 scales`,
    );
  return columns % BLOCK_SIZES[type].elements === 0 ? type : undefined;
}

/** Scalings that GGUF has no name for, as what each frequency is divided by. */
function frequencyFactors({ positions }: ModelConfig): readonly GgufTensorToWrite[] {
  if (positions.kind !== 'rotary' || !['llama3', 'factors'].includes(positions.scaling.kind)) return [];
  const plain = scaledFrequencies({ ...positions, scaling: { kind: 'none' } });
  const scaled = scaledFrequencies(positions);
  const factors = plain.map((frequency, i) => frequency / scaled[i]!);
  return [{ name: FREQUENCY_FACTORS, dtype: 'float32', shape: [factors.length], data: async () => factors }];
}

function typeFor(spec: ParameterSpec, dtype: GgufDType): GgufDType {
  if (spec.kind === 'vector' || spec.path === 'positionEmbedding.weight') return 'float32';
  return isBlockType(dtype) && spec.shape[1] % BLOCK_SIZES[dtype].elements !== 0 ? 'float16' : dtype;
}

/** Reads parameters of a file, outputs as rows. */
export function readerOfFile(source: WeightSource, { config, naming }: ModelDescription): ParameterReader {
  const matched = matchParameters(decoderOnlyParameters(config), naming, source);
  const byPath = new Map(matched.map((parameter) => [parameter.spec.path, parameter]));
  return async (path) => {
    const { spec, entry, firstRow, isTransposed } = byPath.get(path)!;
    const columns = spec.kind === 'matrix' ? spec.shape[1] : 1;
    const values = await readFloat32(source, entry.name);
    if (isTransposed) return transposed(values, spec.shape[0]);
    return values.subarray(firstRow * columns, (firstRow + spec.shape[0]) * columns);
  };
}

function wovenMatrix(matrix: QuantizedMatrix, numHeads: number | undefined): QuantizedMatrix {
  const { codes, scales, minima, rows } = matrix;
  return {
    ...matrix,
    codes: weave(codes, numHeads, rows),
    scales: weave(scales, numHeads, rows),
    minima: minima && weave(minima, numHeads, rows),
  };
}

/** Row j · D/2 + i of a head becomes row 2i + j. */
function weave<Values extends Float32Array | Int8Array>(
  values: Values,
  numHeads: number | undefined,
  rows: number,
): Values {
  if (numHeads === undefined) return values;
  const columns = values.length / rows;
  const half = rows / numHeads / 2;
  const woven = values.slice() as Values;
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
