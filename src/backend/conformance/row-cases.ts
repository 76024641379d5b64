import type { ConformanceCase } from './conformance-case.ts';
import { compareWithReference } from './make-case.ts';
import { randomFloats, randomInts } from './numbers.ts';

/** [rows, columns, start, width] */
const SLICES = [
  [0, 8, 0, 8],
  [1, 1, 0, 1],
  [3, 7, 0, 7],
  [3, 7, 6, 1],
  [5, 9, 2, 0],
  [5, 9, 1, 5],
  [4, 96, 32, 32],
  [13, 2304, 768, 768],
  [7, 2304, 1536, 768],
  [2, 101, 3, 97],
] as const;

/** [rows, columns, number of indices] */
const GATHERS = [
  [1, 1, 0],
  [1, 1, 1],
  [5, 3, 9],
  [7, 8, 3],
  [33, 31, 20],
  [9, 768, 4],
  [3, 50257, 2],
] as const;

export const rowCases: readonly ConformanceCase[] = [
  ...SLICES.map(([rows, columns, start, width]) =>
    compareWithReference({
      op: 'sliceColumns',
      of: `columns ${start} to ${start + width} of ${rows} × ${columns}`,
      compute: (bench) => {
        const input = bench.put(randomFloats(60, rows * columns));
        const shape = { columns, start, width };
        return bench.result(rows * width, (output) => bench.backend.sliceColumns(output, input, shape));
      },
    }),
  ),
  ...GATHERS.map(([rows, columns, count]) =>
    compareWithReference({
      op: 'gatherRows',
      of: `${count} of ${rows} × ${columns}`,
      compute: (bench) => {
        const input = bench.put(randomFloats(61, rows * columns));
        const chosen = randomInts(62, count, rows);
        if (count > 2) chosen.set([rows - 1, 0, rows - 1]); // the last and the first row, and one twice
        const indices = bench.put(chosen);
        return bench.result(count * columns, (output) => bench.backend.gatherRows(output, input, indices, columns));
      },
    }),
  ),
];
