// Whether llama.cpp reads the GGUF files that the library writes, and says the same. `--help` says more.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { formatTable } from '../../dist/cli/format.js';
import { LLM, QUANTIZATIONS, quantizeModel, writeGguf, writeQuantizedGguf } from '../../dist/index.js';
import { compareLogits } from '../../dist/llm/compare-logits.js';

const HELP = `Usage: node bench/peers/check-gguf.mjs [options]

Writes a model as GGUF of each type, lets node-llama-cpp read it, and compares with the library on the same file: the tokens of a
text, the distribution after each token of one greedy continuation, and how far both continue the prompt alike by themselves.
Fails where a distribution is further away than rounding explains. After a build, and
npm ci --prefix bench/peers --ignore-scripts.

  --model FOLDER    of an architecture that GGUF has (default: models/stories)
  --file PATH       a GGUF file to read instead of writing any
  --prompt TEXT     (default: Once upon a time)
  --tokens N        to continue it by (default: 150)
  --help            this text`;

/** Written by `writeGguf`. */
const ROUNDED = ['float32', 'float16', 'bfloat16', 'q8_0', 'q5_1', 'q5_0', 'q4_1', 'q4_0'];
/** Written by `kvasir quantize`. */
const QUANTIZED = [
  ['int8', 'nearest'],
  ['int4', 'gptq'],
  ['int4', 'awq'],
  ['int4-zero-point', 'gptq'],
];
/** Nats of mean KL divergence: more than comes of llama.cpp's rounding of inputs, to 16 bits where weights have 16, to 8 for codes. */
const MOST = { float32: 1e-5, float16: 1e-4, bfloat16: 1e-3, codes: 1e-2 };

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: fileURLToPath(new URL('../../models/stories', import.meta.url)) },
    file: { type: 'string' },
    prompt: { type: 'string', default: 'Once upon a time' },
    tokens: { type: 'string', default: '150' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else await check({ ...values, tokens: Number(values.tokens) });

async function check({ model, file, prompt, tokens }) {
  const folder = mkdtempSync(join(tmpdir(), 'kvasir-gguf-'));
  const llama = await startLlama();
  const rows = [];
  try {
    const location = file ?? model;
    const text = await continuation(location, prompt, tokens);
    const files = file === undefined ? writeFiles(model, text, folder) : [{ name: 'as it is', path: file }];
    for await (const { name, path } of files) {
      rows.push({ name, most: MOST[name] ?? MOST.codes, ...(await compare(llama, path, { prompt, text })) });
      if (file === undefined) rmSync(path);
    }
    console.log(`${location}: ${JSON.stringify(text.text)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  report(rows, tokens);
}

/** The prompt and the likeliest tokens after it. */
async function continuation(location, prompt, tokens) {
  const llm = await LLM.load(location, { dtype: 'float32' });
  try {
    const { text, tokenIds } = await llm.generate(prompt, { maxNewTokens: tokens, doSample: false, ignoreEos: true });
    return { text, ids: [...llm.tokenizer.encode(prompt), ...tokenIds] };
  } finally {
    await llm.dispose();
  }
}

async function* writeFiles(model, { ids }, folder) {
  for (const dtype of ROUNDED) {
    const path = join(folder, `${dtype}.gguf`);
    await writeGguf(model, path, { dtype });
    yield { name: dtype, path };
  }
  for (const [scheme, method] of QUANTIZED) {
    const path = join(folder, `${scheme}-${method}.gguf`);
    await quantize(model, path, { scheme, method, calibration: [ids] });
    yield { name: `${scheme} by ${method}`, path };
  }
}

async function quantize(model, path, { scheme, method, calibration }) {
  const llm = await LLM.load(model, { dtype: 'float32' });
  try {
    const options = { scheme: { ...QUANTIZATIONS[scheme], scaleDType: 'float16' }, method };
    const matrices = await quantizeModel(llm.model, method === 'nearest' ? options : { ...options, calibration });
    await writeQuantizedGguf(llm.model, matrices, path, { dtype: 'q8_0', baseFolder: model });
  } finally {
    await llm.dispose();
  }
}

async function startLlama() {
  if (!existsSync(new URL('node_modules/node-llama-cpp', import.meta.url)))
    throw new Error('Cannot check: node-llama-cpp is not there; npm ci --prefix bench/peers --ignore-scripts');
  const { getLlama, LlamaLogLevel } = await import('node-llama-cpp');
  return getLlama({ gpu: false, build: 'never', maxThreads: 1, logLevel: LlamaLogLevel.error });
}

/** llama.cpp beside the library with the stored weights as they are, and with their codes. */
async function compare(llama, path, { prompt, text: { ids } }) {
  const theirs = await readByLlama(llama, path, { prompt, ids });
  const exact = await readByKvasir(path, { dtype: 'float32', prompt, ids });
  const codes = await readByKvasir(path, { prompt, ids });
  return {
    hasSameTokens: theirs.promptIds.join() === exact.promptIds.join(),
    llama: difference(exact.logits, theirs.logits),
    codes: difference(exact.logits, codes.logits),
    llamaPrefix: samePrefix(exact.greedy, theirs.greedy),
    codesPrefix: samePrefix(exact.greedy, codes.greedy),
  };
}

async function readByKvasir(path, { dtype, prompt, ids }) {
  const llm = await LLM.load(path, dtype === undefined ? {} : { dtype });
  try {
    const { logits, pastKeyValues } = await llm.model.forward({ inputIds: ids });
    pastKeyValues.dispose();
    const promptIds = llm.tokenizer.encode(prompt);
    const newTokens = { maxNewTokens: ids.length - promptIds.length, doSample: false, ignoreEos: true };
    const { tokenIds } = await llm.generate(promptIds, newTokens);
    const rows = ids.map((_, t) => logits.row(t));
    return { logits: rows, promptIds, greedy: tokenIds };
  } finally {
    await llm.dispose();
  }
}

async function readByLlama(llama, path, { prompt, ids }) {
  const model = await llama.loadModel({ modelPath: path });
  const context = await model.createContext({
    contextSize: ids.length + 1,
    threads: { ideal: 1, min: 1 },
    experimentalKvCacheKeyType: 'F32',
    experimentalKvCacheValueType: 'F32',
  });
  const sequence = context.getSequence();
  const steps = await sequence.controlledEvaluate(ids.map((id) => [id, { generateNext: { probabilities: true } }]));
  const promptIds = encodeByLlama(model, prompt);
  await sequence.clearHistory();
  const greedy = [];
  for await (const id of sequence.evaluate(promptIds, { temperature: 0, yieldEogToken: true })) {
    greedy.push(id);
    if (greedy.length === ids.length - promptIds.length) break;
  }
  await model.dispose();
  return { logits: steps.map(({ next }) => logarithms(next.probabilities)), promptIds, greedy };
}

/** node-llama-cpp leaves it to the caller to put the token in front that the file asks for. */
function encodeByLlama(model, prompt) {
  return [...(model.tokens.shouldPrependBosToken ? [model.tokens.bos] : []), ...model.tokenize(prompt)];
}

/** (V) */
function logarithms(probabilities) {
  const row = new Float32Array(probabilities.size).fill(-100);
  for (const [id, probability] of probabilities) row[id] = Math.max(-100, Math.log(probability));
  return row;
}

/** Means over all rows. */
function difference(exact, others) {
  const rows = exact.map((row, t) => compareLogits(row, others[t]));
  return {
    klDivergence: rows.reduce((sum, { klDivergence }) => sum + klDivergence, 0) / rows.length,
    sameTop: rows.filter(({ isTopSame }) => isTopSame).length / rows.length,
  };
}

function samePrefix(a, b) {
  const end = a.findIndex((id, t) => id !== b[t]);
  return end < 0 ? a.length : end;
}

function report(rows, tokens) {
  const cells = rows.map(({ name, hasSameTokens, llama, codes, llamaPrefix, codesPrefix }) => [
    name,
    hasSameTokens ? 'same' : 'other',
    ...[llama, codes].flatMap(({ klDivergence, sameTop }) => [klDivergence.toExponential(1), sameTop.toFixed(3)]),
    `${llamaPrefix} of ${tokens}`,
    `${codesPrefix} of ${tokens}`,
  ]);
  const header = [
    'type',
    'tokens',
    'llama.cpp: KL',
    'same top',
    'Kvasir: KL',
    'same top',
    'alike: llama.cpp',
    'Kvasir',
  ];
  console.log('KL, same top and tokens alike, against the weights of the file in float32:');
  console.log(formatTable([header, ...cells], [2, 3, 4, 5, 6, 7]));
  const wrong = rows.filter(({ hasSameTokens, llama, most }) => !hasSameTokens || !(llama.klDivergence <= most));
  for (const { name, most } of wrong) console.error(`${name}: wanted the same tokens and a KL of at most ${most}`);
  if (wrong.length > 0) process.exitCode = 1;
}
