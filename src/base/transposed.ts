/** A matrix (rows, columns), row-major, as (columns, rows). */
export function transposed<Values extends Float32Array | Int32Array | Int16Array | Uint8Array>(
  values: Values,
  columns: number,
): Values {
  const rows = values.length / columns;
  const result = values.slice() as Values;
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j]!;
  return result;
}
