/** A point of a curve. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Share of a curve that the mean of a point is taken over. */
const WINDOW = 1 / 40;

/** The mean of the points around each, as far as there are such; so it neither runs ahead of the curve nor behind it. */
export function smoothed(points: readonly Point[], reach = Math.round((points.length * WINDOW) / 2)): readonly Point[] {
  const sums = [0];
  for (const { y } of points) sums.push(sums.at(-1)! + y);
  return points.map(({ x }, i) => {
    const [from, end] = [Math.max(0, i - reach), Math.min(points.length, i + reach + 1)];
    return { x, y: (sums[end]! - sums[from]!) / (end - from) };
  });
}

/** No more points than can be seen: of each of `columns` stretches the lowest and the highest, in their order. */
export function thinned(points: readonly Point[], columns: number): readonly Point[] {
  if (points.length <= 2 * columns) return points;
  const kept: Point[] = [];
  for (let column = 0; column < columns; column++) {
    const from = Math.floor((column * points.length) / columns);
    const stretch = points.slice(from, Math.floor(((column + 1) * points.length) / columns));
    const low = stretch.reduce((one, other) => (other.y < one.y ? other : one));
    const high = stretch.reduce((one, other) => (other.y > one.y ? other : one));
    kept.push(...(low === high ? [low] : [low, high].sort((one, other) => one.x - other.x)));
  }
  return kept;
}

/** The value below which a share of all lies. */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
