/** The ends of an axis, and the values at which it has a line. */
export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
}

const ROUNDING = 1e-9;
const TINY = 1e-30;

/**
 * An axis over values, with about `count` ticks at 1, 2 or 5 times a power of ten. It ends at the values themselves, with `room`
 * of their range left beyond them.
 */
export function axisOver(
  low: number,
  high: number,
  { count, room = 0 }: { readonly count: number; readonly room?: number },
): Axis {
  const [from, to] = ends(low, high, room);
  const step = roundStep((to - from) / count);
  const first = Math.ceil(from / step - ROUNDING);
  const last = Math.floor(to / step + ROUNDING);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => exact((first + i) * step));
  return { from, to, ticks };
}

/** Values that are all but one lie in the middle. */
function ends(low: number, high: number, room: number): readonly [from: number, to: number] {
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (high - low > Math.max(ROUNDING * size, TINY)) return [low - room * (high - low), high + room * (high - low)];
  const half = (size > TINY ? size : 1) / 2;
  return [low - half, high + half];
}

/** The least of 1, 2 and 5 times a power of ten that is no less. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9))!;
  return factor * power;
}

/** Without the rounding of products such as 3 · 0.1. */
function exact(value: number): number {
  return Number(value.toPrecision(12));
}

/** The values of an axis in words, all in one way: `1,500`, `0.25`, `5e-4`. */
export function tickLabels({ ticks }: Pick<Axis, 'ticks'>): readonly string[] {
  const largest = Math.max(...ticks.map(Math.abs));
  const isExponential = largest !== 0 && (largest < 0.01 || largest >= 1e7);
  return ticks.map((tick) =>
    isExponential && tick !== 0
      ? tick.toExponential().replace('e+', 'e')
      : tick.toLocaleString('en-US', { maximumFractionDigits: 6 }),
  );
}
