import { readFileSync } from 'node:fs';
import { ensureOnnx } from './onnx.mjs';

/**
 * The linear layers of a GPT-2 of a shape in onnxruntime-node, with weights of a type: `run` has rows go through them, and those from
 * `first` on (−1 for the last) through the output projection.
 */
export async function openLinearChain(type, shape, threads) {
  const path = await ensureOnnx(type, shape);
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const session = await InferenceSession.create(path, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
  });
  const { version } = JSON.parse(readFileSync(new URL('node_modules/onnxruntime-node/package.json', import.meta.url)));
  const feedsOf = (rows, first) => ({
    x: new Tensor(
      'float32',
      new Float32Array(rows * shape.channels).map((_, i) => Math.sin(i)),
      [rows, shape.channels],
    ),
    first: new Tensor('int64', BigInt64Array.of(first), [1]),
  });
  return { version, feedsOf, run: (feeds) => session.run(feeds) };
}
