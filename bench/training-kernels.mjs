// Times every operation of a training step on the WASM backend, at the shapes of two small GPTs, and adds up what they take in
// a step: `node bench/training-kernels.mjs [threads] [small|large] [operations]`, after a build. Shares are of the multiply-add
// peak and the read bandwidth that the same run measures (machine.mjs); `KVASIR_ROOFS=none` leaves them out. Medians count,
// with `KVASIR_BEST=1` the fastest runs.
import { createWasmBackend } from '../dist/backends/wasm/wasm-backend.js';
import { measureMachine } from './machine.mjs';
import { median } from './statistics.mjs';

const SHAPES = {
  small: { layers: 4, heads: 4, channels: 128, context: 64, batch: 12, vocabulary: 65, runs: 30 },
  large: { layers: 6, heads: 6, channels: 384, context: 256, batch: 64, vocabulary: 65, runs: 3 },
};

const threads = Number(process.argv[2] ?? 2);
const shapes = process.argv[3] === undefined ? Object.keys(SHAPES) : [process.argv[3]];
const wanted = process.argv[4]?.split(',');
const machine = process.env.KVASIR_ROOFS === 'none' ? undefined : await measureMachine({ threads, rounds: 5 });
if (machine) {
  const { multiplyAddFlops, readBytesPerSecond } = machine;
  console.log(`${threads} threads: ${giga(multiplyAddFlops)} GFLOP/s, ${giga(readBytesPerSecond)} GB/s`);
}
const ADAMW = {
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weightDecay: 0.1,
  gradientScale: 1,
  step: 3,
};
for (const name of shapes) await measureShape(name, SHAPES[name]);

async function measureShape(name, shape) {
  const { layers, heads, channels, context, batch } = shape;
  console.log(`\n${name}: ${layers} layers, ${heads} heads, ${channels} channels, ${batch} × ${context} tokens`);
  const backend = await createWasmBackend({ threads });
  const totals = { product: 0, all: 0, flops: 0 };
  for (const it of operationsOf(backend, shape)) {
    if (wanted !== undefined && !wanted.some((part) => it.name.startsWith(part))) continue;
    const seconds = await time(backend, shape.runs, it);
    totals.all += seconds * it.count;
    if (it.flops) totals.flops += it.flops * it.count;
    if (it.name.startsWith('linear')) totals.product += seconds * it.count;
    console.log(describe(it, seconds));
  }
  console.log(
    `a step: ${(totals.all * 1e3).toFixed(1)} ms, of which linear layers ${(totals.product * 1e3).toFixed(1)} ms; ` +
      `${giga(totals.flops / totals.all)} GFLOP/s${share(totals.flops / totals.all, machine?.multiplyAddFlops)}`,
  );
  await backend.dispose();
}

/** Every operation of a step: how often it comes, and its work in multiply-adds times two or in bytes moved. */
function operationsOf(backend, { layers, heads, channels, context, batch, vocabulary }) {
  const tokens = batch * context;
  const headSize = channels / heads;
  const buffer = (length) => random(backend, length);
  const [x, grad, output] = [buffer(tokens * channels), buffer(tokens * channels), buffer(tokens * channels)];
  const [wide, wideGrad] = [buffer(tokens * 4 * channels), buffer(tokens * 4 * channels)];
  const wideOutput = buffer(tokens * 4 * channels);
  const [k, v] = [buffer(tokens * channels), buffer(tokens * channels)];
  const [keyGrad, valueGrad] = [buffer(tokens * channels), buffer(tokens * channels)];
  const [weight, bias, scales] = [buffer(channels), buffer(channels), buffer(channels)];
  const wideBias = buffer(4 * channels);
  const weightGrad = buffer(4 * channels * channels);
  const table = buffer(vocabulary * channels);
  const one = buffer(1);
  const packed = backend.allocateMatrix('float32', 12 * channels, channels);
  const spans = Array.from({ length: batch }, (_, i) => {
    return { queryStart: i * context, queryLength: context, keyStart: i * context, keyLength: context };
  });
  const attention = { spans, heads, kvHeads: heads, headSize, scale: headSize ** -0.5, causal: true };
  const pairs = (batch * context * (context + 1)) / 2;
  const ids = backend.allocate('int32', tokens);
  backend.write(
    ids,
    Int32Array.from({ length: tokens }, (_, i) => i % vocabulary),
  );
  const [logits, logitGrad] = [buffer(tokens * vocabulary), buffer(tokens * vocabulary)];
  const [losses, lossGrads] = [buffer(tokens), buffer(tokens)];
  const numParameters = layers * 12 * channels * channels;
  const [parameter, m, v2, g] = [0, 0, 0, 0].map(() => buffer(12 * channels * channels));
  const bytes = tokens * channels * 4;
  const plain = { smoothing: 0, zLoss: 0 };

  const linears = [
    [channels, channels, 4 * layers, x, grad],
    [4 * channels, channels, layers, x, wideGrad],
    [channels, 4 * channels, layers, wide, grad],
    [vocabulary, channels, 1, x, logitGrad],
  ].flatMap(([rows, columns, count, input, outputGrad]) => {
    const matrix = backend.allocateMatrix('float32', rows, columns);
    backend.packMatrix(matrix, buffer(rows * columns));
    const flops = 2 * tokens * rows * columns;
    const result = rows === vocabulary ? logits : rows > channels ? wideOutput : output;
    const inputGrad = columns > channels ? wideOutput : output;
    const sums = rows * columns === weightGrad.length ? weightGrad : buffer(rows * columns);
    const size = `${rows} × ${columns}`;
    return [
      { name: `linear ${size}`, count, flops, run: () => backend.linear(result, input, matrix, undefined) },
      {
        ...{ name: `linearInputGradient ${size}`, count, flops },
        run: () => backend.linearInputGradient(inputGrad, outputGrad, matrix),
      },
      {
        ...{ name: `linearWeightGradient ${size}`, count, flops },
        run: () => backend.linearWeightGradient(sums, outputGrad, input, { rows, columns }),
      },
    ];
  });

  return [
    ...linears,
    {
      ...{ name: 'attention', count: layers, flops: 4 * pairs * channels },
      run: () => backend.attention(output, x, k, v, attention),
    },
    {
      ...{ name: 'attentionGradient', count: layers, flops: 10 * pairs * channels },
      run: () => backend.attentionGradient({ queryGrad: output, keyGrad, valueGrad }, grad, x, k, v, attention),
    },
    {
      ...{ name: 'layerNorm', count: 2 * layers + 1, bytes: 2 * bytes },
      run: () => backend.layerNorm(output, x, weight, bias, 1e-5),
    },
    {
      ...{ name: 'layerNormGradient', count: 2 * layers + 1, bytes: 3 * bytes },
      run: () => backend.layerNormGradient(output, { weightGrad: scales, biasGrad: bias }, grad, x, weight, 1e-5),
    },
    { name: 'activate gelu', count: layers, bytes: 8 * bytes, run: () => backend.activate(wideOutput, wide, 'gelu') },
    {
      ...{ name: 'activateGradient gelu', count: layers, bytes: 12 * bytes },
      run: () => backend.activateGradient(wideOutput, wideGrad, wide, 'gelu'),
    },
    {
      ...{ name: 'activateGradient gelu_tanh', count: 0, bytes: 12 * bytes },
      run: () => backend.activateGradient(wideOutput, wideGrad, wide, 'gelu_tanh'),
    },
    { name: 'add', count: 4 * layers, bytes: 3 * bytes, run: () => backend.add(output, x, grad) },
    { name: 'addRowSum', count: 5 * layers, bytes, run: () => backend.addRowSum(bias, grad) },
    { name: 'addRowSum, wide', count: layers, bytes: 4 * bytes, run: () => backend.addRowSum(wideBias, wide) },
    { name: 'dropout', count: 0, bytes: 2 * bytes, run: () => backend.dropout(output, x, { seed: 1, rate: 0.1 }) },
    {
      ...{ name: 'scatterAddRows', count: 1, bytes: 3 * bytes },
      run: () => backend.scatterAddRows(table, grad, ids, channels),
    },
    {
      ...{ name: 'crossEntropy', count: 1, bytes: tokens * vocabulary * 4 },
      run: () => backend.crossEntropy(losses, logits, ids, vocabulary, plain),
    },
    {
      ...{ name: 'crossEntropyGradient', count: 1, bytes: tokens * vocabulary * 8 },
      run: () => backend.crossEntropyGradient(logitGrad, lossGrads, logits, ids, vocabulary, plain),
    },
    {
      ...{ name: 'sumOfSquares', count: layers, bytes: (numParameters / layers) * 4 },
      run: () => backend.sumOfSquares(one, g),
    },
    {
      ...{ name: 'adamWStep', count: layers, bytes: (numParameters / layers) * 28 },
      run: () => backend.adamWStep(parameter, m, v2, g, ADAMW),
    },
    {
      ...{ name: 'packMatrix', count: layers, bytes: (numParameters / layers) * 8 },
      run: () => backend.packMatrix(packed, parameter),
    },
  ];
}

async function time(backend, runs, { run }) {
  const seconds = [];
  for (let i = 0; i < 3 + runs; i++) {
    await backend.synchronize();
    const start = performance.now();
    run();
    await backend.synchronize();
    if (i >= 3) seconds.push((performance.now() - start) / 1000);
  }
  return process.env.KVASIR_BEST ? Math.min(...seconds) : median(seconds);
}

function describe({ name, count, flops, bytes }, seconds) {
  const rate = (flops ?? bytes) / seconds;
  const unit = flops ? 'GFLOP/s' : 'GB/s';
  const roof = flops ? machine?.multiplyAddFlops : machine?.readBytesPerSecond;
  const milliseconds = (seconds * 1e3).toFixed(3).padStart(9);
  const inStep = (seconds * count * 1e3).toFixed(2).padStart(9);
  return `${name.padEnd(34)}${milliseconds} ms, ${inStep} ms a step, ${giga(rate)} ${unit}${share(rate, roof)}`;
}

function share(rate, roof) {
  return roof === undefined ? '' : ` = ${((100 * rate) / roof).toFixed(0)} %`;
}

function giga(value) {
  return (value / 1e9).toFixed(1);
}

function random(backend, length) {
  const buffer = backend.allocate('float32', length);
  const chunk = new Float32Array(Math.min(length, 2 ** 20));
  for (let i = 0; i < chunk.length; i++) chunk[i] = Math.random() * 2 - 1;
  for (let at = 0; at < length; at += chunk.length) backend.write(buffer, chunk.subarray(0, length - at), at);
  return buffer;
}
