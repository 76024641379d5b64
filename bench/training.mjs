// Trains nanoGPT's character-level model of a text with Kvasir and with PyTorch, and prints what each took. `--help` says more.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureMachine } from './machine.mjs';
import { median, total } from './statistics.mjs';

const CONFIGS = {
  small: { preset: 'shakespeare-char-cpu', layers: 4, channels: 128, context: 64, batch: 12 },
  large: { preset: 'shakespeare-char', layers: 6, channels: 384, context: 256, batch: 64 },
};

const HELP = `Usage: node bench/training.mjs --data FILE [options]

Trains a model of a text's characters with Kvasir and, if --python names one that has torch, with PyTorch
(bench/peers/pytorch), the same configuration on the same data, in turn; prints seconds, losses, tokens per second, and Kvasir's
share of the multiply-add peak that the same run measures. Run it on an idle machine: PyTorch's threads wait by spinning.

  --data FILE       the text: 90 % to learn from, 10 % to measure on
  --python PATH     a Python with the packages of bench/peers/pytorch/requirements.txt
  --config NAME     ${Object.keys(CONFIGS).join(' or ')} (default: small): nanoGPT's for a CPU, or its usual one
  --steps N         steps (default: the configuration's); fewer are for the speed alone
  --batch N         windows in a step (default: the configuration's)
  --threads N       threads that compute (default: processors, ${availableParallelism()})
  --help            this text`;

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    python: { type: 'string' },
    config: { type: 'string', default: 'small' },
    steps: { type: 'string' },
    batch: { type: 'string' },
    threads: { type: 'string', default: String(availableParallelism()) },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || values.data === undefined) console.log(HELP);
else await compare(values);

async function compare({ data, python, config, steps, batch, threads }) {
  const shape = { ...CONFIGS[config], ...(batch === undefined ? {} : { batch: Number(batch) }) };
  const { processor, multiplyAddFlops, readBytesPerSecond } = await measureMachine({
    threads: Number(threads),
    rounds: 5,
  });
  console.log(`${processor}; Node ${process.version}; ${threads} threads`);
  console.log(`multiply-add peak ${giga(multiplyAddFlops)} GFLOP/s, read bandwidth ${giga(readBytesPerSecond)} GB/s`);
  const settings = { data, python, config, steps, threads, shape };
  const ours = await trainWithKvasir(settings);
  report('Kvasir', ours);
  const flops = flopsOfStep(shape, ours.numParameters) / ours.medianStepSeconds;
  console.log(`  ${giga(flops)} GFLOP/s = ${((100 * flops) / multiplyAddFlops).toFixed(0)} % of the peak`);
  if (python === undefined) return;
  const theirs = await trainWithPyTorch(settings);
  report(`PyTorch ${theirs.version}`, theirs);
  console.log(`Kvasir takes ${(ours.seconds / theirs.seconds).toFixed(2)} x PyTorch's time;`);
  console.log(`by the median step ${(ours.medianStepSeconds / theirs.medianStepSeconds).toFixed(2)} x`);
}

/** Three products for each weight and token, forward and back; for causal attention six of half a context. */
function flopsOfStep({ layers, channels, context, batch }, numParameters) {
  return batch * context * (6 * numParameters + 6 * layers * channels * context);
}

async function trainWithKvasir({ data, steps, threads, shape }) {
  const folder = mkdtempSync(join(tmpdir(), 'kvasir-bench-'));
  const every = steps ?? '1000000';
  const flags = ['--preset', shape.preset, '--data', data, '--output', folder, '--dropout', '0', '--json'];
  if (steps !== undefined) flags.push('--max-steps', steps);
  flags.push('--batch-size', String(shape.batch), '--threads', threads, '--evaluate-every', every, '--force');
  try {
    const bin = fileURLToPath(new URL('../bin/kvasir.js', import.meta.url));
    const result = JSON.parse(await output(process.execPath, [bin, 'train', ...flags]));
    const lines = readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const seconds = lines.filter(({ tokensPerSecond }) => tokensPerSecond !== undefined);
    const stepSeconds = seconds.map(({ tokensPerSecond }) => (shape.batch * shape.context) / tokensPerSecond);
    return {
      numParameters: result.numParameters,
      trainLoss: result.loss,
      validationLoss: result.evaluation?.loss,
      seconds: total(stepSeconds),
      medianStepSeconds: median(stepSeconds),
      leastStepSeconds: Math.min(...stepSeconds),
      tokensPerSecond: (shape.batch * shape.context) / median(stepSeconds),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function trainWithPyTorch({ data, python, config, steps, threads, shape }) {
  const script = fileURLToPath(new URL('peers/pytorch/train_shakespeare.py', import.meta.url));
  const flags = [data, '--config', config, '--threads', threads, '--batch', String(shape.batch)];
  if (steps !== undefined) flags.push('--iterations', steps);
  const lines = (await output(python, [script, ...flags]))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { ...lines[0], ...lines.at(-1) };
}

function output(command, flags) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, flags, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (piece) => {
      text += piece;
    });
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(text) : reject(new Error(`${command} ${flags.join(' ')} ended with ${code}`)),
    );
  });
}

function report(name, { seconds, trainLoss, validationLoss, tokensPerSecond, medianStepSeconds, leastStepSeconds }) {
  const loss =
    validationLoss === undefined || validationLoss === null ? '' : `, validation loss ${validationLoss.toFixed(4)}`;
  console.log(`${name}: ${seconds.toFixed(1)} s of steps, loss ${trainLoss.toFixed(4)}${loss}`);
  const [middle, least] = [medianStepSeconds, leastStepSeconds].map((value) => (1000 * value).toFixed(1));
  console.log(`  ${Math.round(tokensPerSecond)} tokens/s by the median step of ${middle} ms (least ${least} ms)`);
}

function giga(value) {
  return (value / 1e9).toFixed(1);
}
