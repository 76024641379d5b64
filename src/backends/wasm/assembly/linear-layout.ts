// Where the elements of a weight matrix (N rows = outputs, K columns = inputs) lie. Lanes are rows, so that a product
// broadcasts the activation and needs no horizontal sums. Rows past N are zeros.
//
// float32: panels of 12 rows, [N/12][K][12].
// 16-bit: panels of 8 rows, [N/8][K][8], N padded to 24 so that three panels unpack to two of 12. The rows of a panel
// are interleaved: of the four 32-bit words of a k, the low halves are rows 0..3 and the high halves rows 4..7.
//
// The host's copy of these sizes is ../matrix-layout.ts.

export const FLOAT32: i32 = 0;
export const BFLOAT16: i32 = 1;
export const FLOAT16: i32 = 2;

/** Rows of a float32 panel. */
export const PANEL: i32 = 12;
/** Rows of a 16-bit panel. */
export const HALF_PANEL: i32 = 8;
/** Rows of two float32 panels and of three 16-bit panels. */
export const GROUP: i32 = 24;
/** From this many rows on, whole panels are gone over at once, of 16-bit weights widened to float32 first. */
// @ts-ignore: decorator
@inline
export function manyRows(dtype: i32): i32 {
  return dtype == FLOAT32 ? 48 : 24;
}

// @ts-ignore: decorator
@inline
export function elementBytes(dtype: i32): usize {
  return dtype == FLOAT32 ? 4 : 2;
}

/** Bytes from an element to the next column of its row. */
// @ts-ignore: decorator
@inline
export function columnStride(dtype: i32): usize {
  return dtype == FLOAT32 ? PANEL * 4 : HALF_PANEL * 2;
}

/** Address of column 0 of a row. */
export function rowAddress(matrix: usize, row: i32, columns: i32, dtype: i32): usize {
  if (dtype == FLOAT32) {
    return matrix + <usize>(row / PANEL) * <usize>columns * (PANEL * 4) + <usize>(row % PANEL) * 4;
  }
  const lane = row % HALF_PANEL;
  const slot = ((lane & 3) << 1) | (lane >> 2);
  return matrix + <usize>(row / HALF_PANEL) * <usize>columns * (HALF_PANEL * 2) + <usize>slot * 2;
}

/** First of the items of `thread` when `items` are dealt in contiguous ranges; its last is before the next thread's first. */
export function firstItem(items: i32, thread: i32, threads: i32): i32 {
  return <i32>((<i64>items * thread) / threads);
}
