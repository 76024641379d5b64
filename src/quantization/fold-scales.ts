import type { Parameters } from '../models/parameters.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Weight } from '../tensor/weight.ts';
import { timesColumns } from './awq-scales.ts';
import type { ScalableSource } from './linear-groups.ts';
import { writeWeight } from './write-weight.ts';

/** Multiplies each column of a matrix by its scale. */
export async function multiplyColumns(weight: Weight, scales: Float64Array): Promise<void> {
  await writeWeight(weight, timesColumns(await weight.read(), scales, weight.columns));
}

/** Divides what a source gives, channel by channel, by changing its parameters. `block` is the path of the block that it is in. */
export async function divideSource(
  parameters: Parameters,
  block: string,
  source: ScalableSource,
  scales: Float64Array,
): Promise<void> {
  const path = `${block}.${source.path}`;
  const firstRow = source.kind === 'linear' ? source.firstRow : 0;
  if (source.kind === 'linear') {
    const weight = parameters.weight(`${path}.weight`);
    await writeWeight(weight, dividedFrom(await weight.read(), firstRow, scales, weight.columns));
  } else await divideVector(parameters.vector(`${path}.weight`), firstRow, scales);
  const bias = parameters.optionalVector(`${path}.bias`);
  if (bias !== undefined) await divideVector(bias, firstRow, scales);
}

async function divideVector(vector: Tensor, first: number, scales: Float64Array): Promise<void> {
  const values = (await vector.read()) as Float32Array;
  vector.backend.write(vector.buffer, dividedFrom(values, first, scales, 1));
}

/** Rows from `first` on, each divided by its scale. */
function dividedFrom(values: Float32Array, first: number, scales: Float64Array, columns: number): Float32Array {
  const divided = Float32Array.from(values);
  for (const [i, scale] of scales.entries())
    for (let at = (first + i) * columns; at < (first + i + 1) * columns; at++) divided[at]! /= scale;
  return divided;
}
