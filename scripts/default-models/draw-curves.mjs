// Draws how the models in models/ were trained, from their training.json, into docs/images/training-curves.svg, after a build:
// `node scripts/default-models/draw-curves.mjs`
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lineChart } from '../../dist/cli/training/report/line-chart.js';
import { SHAPES } from './shapes.mjs';

const WIDTH = 860;
const HEIGHT = 260;
const HEAD = 34;
const STYLE = `
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #57606a }
.title { font-weight: 600; font-size: 14px; fill: #1f2328 }
.grid { stroke: #d8dee4 } .axis { stroke: #8c959f } .line { fill: none; stroke-width: 1.8 }
.raw { stroke: #b6c8e6 } .first { stroke: #2f6fd0 } .second { stroke: #c2571a } .third { stroke: #4c9a56; stroke-dasharray: 5 4 }
.dot.second { fill: #c2571a; stroke: none }`;

const charts = SHAPES.map(({ name }, i) => {
  const path = new URL(`../../models/${name}/training.json`, import.meta.url);
  const { curve, dataEntropy, numParameters } = JSON.parse(readFileSync(path, 'utf8'));
  const points = (/** @type {[number, number][]} */ pairs) => pairs.map(([x, y]) => ({ x, y }));
  const last = curve.training.at(-1)[0];
  const chart = lineChart({
    title: name,
    width: WIDTH,
    height: HEIGHT,
    range: [0, 1.2],
    format: (value) => value.toFixed(3),
    curves: [
      { label: 'training', kind: 'first', points: points(curve.training) },
      { label: 'validation', kind: 'second', points: points(curve.validation), hasDots: true },
      {
        label: 'entropy of the data',
        kind: 'third',
        points: points([
          [0, dataEntropy],
          [last, dataEntropy],
        ]),
      },
    ],
  });
  const legend = 'training (blue), validation (orange), entropy of the data (green, dashed)';
  const title = `<text class="title" x="54" y="20">${name}, ${numParameters} parameters: loss in nats per token</text>`;
  const text = `<text x="${WIDTH - 16}" y="20" text-anchor="end">${legend}</text>`;
  const placed = chart.replace('<svg ', `<svg y="${HEAD}" height="${HEIGHT}" width="${WIDTH}" `);
  return `<g transform="translate(0 ${i * (HEIGHT + HEAD)})">${title}${text}${placed}</g>`;
});

const height = charts.length * (HEIGHT + HEAD);
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">
<title>How the losses of the bundled models fell</title><style>${STYLE}</style><rect width="100%" height="100%" fill="#fff"/>
${charts.join('\n')}
</svg>
`;
mkdirSync(new URL('../../docs/images/', import.meta.url), { recursive: true });
writeFileSync(fileURLToPath(new URL('../../docs/images/training-curves.svg', import.meta.url)), svg);
