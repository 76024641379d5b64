/** A point of a curve. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Shares of a curve's points that its smoothed value looks back over. */
const WINDOW = 1 / 40;

/**
 * An exponential moving mean, divided by the sum of its weights so that it begins at the first value (Kingma & Ba 2015, section
 * 3).
 */
export function smoothed(points: readonly Point[], window = Math.max(1, points.length * WINDOW)): readonly Point[] {
  const decay = 1 - 2 / (window + 1);
  let sum = 0;
  let weights = 0;
  return points.map(({ x, y }) => {
    sum = decay * sum + y;
    weights = decay * weights + 1;
    return { x, y: sum / weights };
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
