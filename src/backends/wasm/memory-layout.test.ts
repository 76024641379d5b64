import { afterEach, describe, expect, test } from 'vitest';
import type { AttentionOptions, Backend } from '../../backend/backend.ts';
import { QUANTIZATIONS } from '../../quantized/quantization-scheme.ts';
import { MeasuringBackend } from '../measuring/measuring-backend.ts';
import { wasmMemoryLayout } from './memory-layout.ts';
import { createWasmBackend } from './wasm-backend.ts';

// The most memory that an operation takes, its scratch included, is what the layout says before it runs.

const spans = (lengths: readonly number[]): AttentionOptions['spans'] => {
  let start = 0;
  return lengths.map((length) => {
    const span = { queryStart: start, queryLength: length, keyStart: start, keyLength: length };
    start += length;
    return span;
  });
};

const runs: Record<string, (backend: Backend) => void> = {
  ...Object.fromEntries(
    (['int8', 'int4', 'int4-zero-point'] as const).flatMap((name) =>
      [
        [0, 9, 40],
        [1, 50, 3100],
        [3, 17, 33],
        [31, 9, 100],
        [200, 40, 770],
      ].map(([tokens, rows, columns]) => [
        `linear, ${tokens} × ${rows} × ${columns}, ${name}`,
        (backend: Backend) =>
          backend.linear(
            backend.allocate('float32', tokens! * rows!),
            backend.allocate('float32', tokens! * columns!),
            backend.allocateMatrix(QUANTIZATIONS[name], rows!, columns!),
            undefined,
          ),
      ]),
    ),
  ),
  ...Object.fromEntries(
    (['float32', 'bfloat16', 'float16'] as const).flatMap((dtype) =>
      [
        [3, 7, 5],
        [30, 100, 33],
        [2, 4099, 130],
        [1, 50, 70001],
      ].map(([tokens, rows, columns]) => [
        `linearInputGradient, ${tokens} × ${rows} × ${columns}, ${dtype}`,
        (backend: Backend) =>
          backend.linearInputGradient(
            backend.allocate('float32', tokens! * columns!),
            backend.allocate('float32', tokens! * rows!),
            backend.allocateMatrix(dtype, rows!, columns!),
          ),
      ]),
    ),
  ),
  ...Object.fromEntries(
    [
      [0, 4, 5],
      [1, 4, 5],
      [255, 40, 13],
      [700, 20, 300],
    ].map(([tokens, rows, columns]) => [
      `linearWeightGradient, ${tokens} × ${rows} × ${columns}`,
      (backend: Backend) =>
        backend.linearWeightGradient(
          backend.allocate('float32', rows! * columns!),
          backend.allocate('float32', tokens! * rows!),
          backend.allocate('float32', tokens! * columns!),
          { rows: rows!, columns: columns! },
        ),
    ]),
  ),
  addRowSum: (backend) => backend.addRowSum(backend.allocate('float32', 33), backend.allocate('float32', 33 * 1000)),
  layerNormGradient: (backend) => normGradient(backend, true),
  'layerNormGradient without parameters': (backend) => normGradient(backend, false),
  sumOfSquares: (backend) => backend.sumOfSquares(backend.allocate('float32', 1), backend.allocate('float32', 99999)),
  'attentionGradient, causal': (backend) => attentionGradient(backend, [100, 7, 61], { causal: true }),
  'attentionGradient, window': (backend) => attentionGradient(backend, [500, 7], { causal: true, window: 20 }),
  'attentionGradient, not causal': (backend) => attentionGradient(backend, [33], { causal: false }),
  'attentionGradient, position bias': (backend) =>
    attentionGradient(backend, [100, 7, 61], { causal: true, positionBias: true }),
  'attentionGradient, no sequence': (backend) => attentionGradient(backend, [], { causal: true }),
};

function normGradient(backend: Backend, isTrained: boolean): void {
  const [weight, x, grad] = [33, 3300, 3300].map((length) => backend.allocate('float32', length));
  const [weightGrad, biasGrad] = [33, 33].map((length) => backend.allocate('float32', length));
  const gradients = isTrained ? { weightGrad, biasGrad } : { weightGrad: undefined, biasGrad: undefined };
  backend.layerNormGradient(backend.allocate('float32', 3300), gradients, grad!, x!, weight!, 1e-5);
}

function attentionGradient(
  backend: Backend,
  lengths: readonly number[],
  { positionBias, ...options }: { readonly causal: boolean; readonly window?: number; readonly positionBias?: boolean },
): void {
  const [heads, kvHeads, headSize] = [4, 2, 13];
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const queries = () => backend.allocate('float32', tokens * heads * headSize);
  const keys = () => backend.allocate('float32', tokens * kvHeads * headSize);
  const bias = () => (positionBias ? backend.allocate('float32', heads * 33) : undefined);
  const gradients = { queryGrad: queries(), keyGrad: keys(), valueGrad: keys(), positionBiasGrad: bias() };
  const values = bias();
  const sizes = { heads, kvHeads, headSize, scale: 1, spans: spans(lengths) };
  const biased = { ...sizes, ...options, positionBias: values && { values, own: 32 } };
  backend.attentionGradient(gradients, queries(), queries(), keys(), keys(), biased);
}

describe.each([1, 3])('What operations take on %i threads', (threads) => {
  let backend: Backend | undefined;
  afterEach(() => backend?.dispose());

  test.each(Object.entries(runs))('%s', async (_, run) => {
    const measuring = new MeasuringBackend(wasmMemoryLayout(threads));
    backend = await createWasmBackend({ threads });
    for (const it of [measuring, backend]) run(it);
    await backend.synchronize();
    expect(backend.memoryUsage().peakBytes).toBe(measuring.memoryUsage().peakBytes);
  });
});
