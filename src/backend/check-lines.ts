/** Throws a `RangeError` for rows or columns that a matrix does not have. */
export function checkLines(
  { rows, columns }: { readonly rows: number; readonly columns: number },
  { order, first, count }: { readonly order: 'rows' | 'columns'; readonly first: number; readonly count: number },
): void {
  const lines = order === 'rows' ? rows : columns;
  const isInside = Number.isInteger(first) && Number.isInteger(count) && first >= 0 && count >= 0;
  if (isInside && first + count <= lines) return;
  throw new RangeError(
    `Cannot write matrix: ${order} ${first} to ${first + count}, but the matrix has ${lines} ${order}`,
  );
}
