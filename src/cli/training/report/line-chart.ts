import { formatCount } from '../../format.ts';
import { type Axis, axisOver, tickLabels } from './axis.ts';
import { escapeHtml } from './escape-html.ts';
import { type Point, thinned } from './series.ts';

/** A curve of a chart. */
export interface Curve {
  readonly label: string;
  /** A class of the style sheet: it gives the colour. */
  readonly kind: 'raw' | 'first' | 'second' | 'third';
  readonly points: readonly Point[];
  /** Few points, each of which is shown. */
  readonly hasDots?: boolean;
}

export interface LineChart {
  readonly title: string;
  readonly curves: readonly Curve[];
  /** In units of the drawing, which is as wide as the page lets it be. */
  readonly width: number;
  readonly height: number;
  /** Values outside are cut off; all of them are shown unless given. */
  readonly range?: readonly [low: number, high: number] | undefined;
  /** A point to point at, in words. */
  readonly mark?: (Point & { readonly label: string }) | undefined;
  /** How values are said where one is pointed at. */
  readonly format: (value: number) => string;
}

const MARGIN = { top: 14, right: 16, bottom: 30, left: 54 } as const;

/** Curves over the steps of a training, as SVG that needs nothing but the style sheet of the page. */
export function lineChart(chart: LineChart): string {
  const { title, width, height, curves, mark } = chart;
  const plot = new Plot(chart);
  const shown = curves.filter(({ points }) => points.length > 0);
  return [
    `<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(summary(chart))}">`,
    `<title>${escapeHtml(title)}</title>`,
    plot.grid(),
    `<g>${shown.map((curve) => plot.curve(curve)).join('')}</g>`,
    mark === undefined ? '' : plot.mark(mark),
    '</svg>',
  ].join('\n');
}

/** What the chart shows, for who cannot see it. */
function summary({ title, curves, format }: LineChart): string {
  const ends = curves.flatMap(({ label, points }) => {
    const [first, last] = [points[0], points.at(-1)];
    return first === undefined ? [] : [`${label} from ${format(first.y)} to ${format(last!.y)}`];
  });
  return `${title}: ${ends.join(', ')}`;
}

class Plot {
  readonly #chart: LineChart;
  readonly #x: Axis;
  readonly #y: Axis;

  constructor(chart: LineChart) {
    const points = chart.curves.flatMap(({ points }) => points);
    const xs = points.map(({ x }) => x);
    const [low, high] = chart.range ?? extent(points.map(({ y }) => y));
    this.#chart = chart;
    this.#x = axisOver(Math.min(0, extent(xs)[0]), extent(xs)[1], {
      count: Math.max(3, Math.floor(chart.width / 110)),
    });
    this.#y = axisOver(low, high, { count: Math.max(3, Math.floor(chart.height / 52)), room: 0.05 });
  }

  /** Lines at the values of the vertical axis, and the labels of both. */
  grid(): string {
    const { width, height } = this.#chart;
    const bottom = height - MARGIN.bottom;
    const [labelsX, labelsY] = [tickLabels(this.#x), tickLabels(this.#y)];
    const rows = this.#y.ticks.map((value, i) => {
      const y = this.#placeY(value);
      return `<line class="grid" x1="${MARGIN.left}" x2="${width - MARGIN.right}" y1="${y}" y2="${y}"/><text class="tick" x="${MARGIN.left - 8}" y="${y}" dy="0.32em" text-anchor="end">${labelsY[i]}</text>`;
    });
    const columns = this.#x.ticks.map((value, i) => {
      const x = this.#placeX(value);
      return `<line class="axis" x1="${x}" x2="${x}" y1="${bottom}" y2="${bottom + 4}"/><text class="tick" x="${x}" y="${bottom + 18}" text-anchor="middle">${labelsX[i]}</text>`;
    });
    const base = `<line class="axis" x1="${MARGIN.left}" x2="${width - MARGIN.right}" y1="${bottom}" y2="${bottom}"/>`;
    return `<g>${rows.join('')}${base}${columns.join('')}</g>`;
  }

  curve({ kind, points, hasDots = false, label }: Curve): string {
    const { width, format } = this.#chart;
    const path = thinned(points, width / 2)
      .map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${this.#placeX(x)} ${this.#placeY(y)}`)
      .join('');
    const line = points.length === 1 ? '' : `<path class="line ${kind}" d="${path}"/>`;
    if (!hasDots && points.length > 1) return line;
    const dots = points.map(({ x, y }) => {
      const words = escapeHtml(`step ${formatCount(x)}: ${label} ${format(y)}`);
      return `<circle class="dot ${kind}" cx="${this.#placeX(x)}" cy="${this.#placeY(y)}" r="3"><title>${words}</title></circle>`;
    });
    return `${line}${dots.join('')}`;
  }

  /** A ring with words, on the side where there is room. */
  mark({ x, y, label }: Point & { readonly label: string }): string {
    const [left, top] = [this.#placeX(x), this.#placeY(y)];
    const isRight = left > this.#chart.width / 2;
    const place = `x="${round(left + (isRight ? -10 : 10))}" y="${round(top - 10)}" text-anchor="${isRight ? 'end' : 'start'}"`;
    return `<circle class="ring" cx="${left}" cy="${top}" r="6"/><text class="label" ${place}>${escapeHtml(label)}</text>`;
  }

  #placeX(value: number): number {
    const { from, to } = this.#x;
    const room = this.#chart.width - MARGIN.left - MARGIN.right;
    return round(MARGIN.left + (room * (value - from)) / (to - from));
  }

  /** Values beyond the axis lie on its end. */
  #placeY(value: number): number {
    const { from, to } = this.#y;
    const room = this.#chart.height - MARGIN.top - MARGIN.bottom;
    const share = Math.min(1, Math.max(0, (value - from) / (to - from)));
    return round(MARGIN.top + room * (1 - share));
  }
}

function extent(values: readonly number[]): readonly [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}
