import type { QuantizedPart } from '../../backend/backend.ts';
import { checkLines } from '../../backend/check-lines.ts';
import { type MatrixDType, matrixDType } from '../../backend/dtype.ts';
import { groupsPerRow, type QuantizationScheme } from '../../quantized/quantization-scheme.ts';
import {
  checkQuantizedValues,
  dequantize,
  dequantizeRow,
  emptyQuantizedMatrix,
  type QuantizedMatrix,
} from '../../quantized/quantized-matrix.ts';

/** A quantised weight matrix, kept as its codes, one a byte. */
export class ReferenceQuantizedMatrix {
  readonly values: QuantizedMatrix;

  constructor(scheme: QuantizationScheme, rows: number, columns: number) {
    this.values = emptyQuantizedMatrix(scheme, rows, columns);
  }

  get dtype(): MatrixDType {
    return matrixDType(this.format);
  }

  get format(): QuantizationScheme {
    return this.values.scheme;
  }

  get rows(): number {
    return this.values.rows;
  }

  get columns(): number {
    return this.values.columns;
  }

  get byteLength(): number {
    const { codes, scales, minima } = this.values;
    return codes.byteLength + scales.byteLength + (minima?.byteLength ?? 0);
  }

  /** What the codes of one output stand for, (columns). */
  row(index: number): Float32Array {
    const row = new Float32Array(this.columns);
    dequantizeRow(this.values, index, row, 0);
    return row;
  }

  /** What all codes stand for, (rows, columns). */
  toFloat32(): Float32Array {
    return dequantize(this.values);
  }

  write({ first, count, ...values }: QuantizedPart): void {
    const { scheme, rows, columns, codes, scales, minima } = this.values;
    checkLines({ rows, columns }, { order: 'rows', first, count });
    checkQuantizedValues('write matrix', values, scheme, { count, columns });
    const firstGroup = first * groupsPerRow(scheme, columns);
    codes.set(values.codes, first * columns);
    scales.set(values.scales, firstGroup);
    if (values.minima !== undefined) minima?.set(values.minima, firstGroup);
  }
}
