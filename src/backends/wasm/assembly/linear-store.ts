// What ends every product: four neighbouring outputs plus their biases, and nothing past the last output.

/** Stores outputs first … first + 3 of a row, those at or past `outputs` left out. `bias` is 0 for none. */
// @ts-ignore: decorator
@inline
export function storeFour(row: usize, bias: usize, first: i32, outputs: i32, sum: v128): void {
  const offset = <usize>first << 2;
  if (first + 4 <= outputs) {
    v128.store(row + offset, bias ? f32x4.add(sum, v128.load(bias + offset)) : sum);
  } else {
    storeTail(row + offset, bias ? bias + offset : 0, outputs - first, sum);
  }
}

/** The first `count` lanes, count < 4; none if it is negative. */
function storeTail(to: usize, bias: usize, count: i32, sum: v128): void {
  for (let i = 0; i < count; i++, to += 4) {
    v128.store_lane<f32>(to, bias ? f32x4.add(sum, v128.load_splat<f32>(bias)) : sum, 0);
    sum = v128.shuffle<i32>(sum, sum, 1, 2, 3, 0);
    if (bias) bias += 4;
  }
}
