// Translates random sentences with a random model of OPUS-MT's shape, and with CTranslate2. `--help` says more.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LLM, parseEncoderDecoderConfig, saveEncoderDecoder } from 'kvasir';
import { formatTable } from '../dist/cli/format.js';
import { CACHE_FOLDER, SEED } from './checkpoint.mjs';
import { median } from './statistics.mjs';

const HELP = `Usage: node bench/translation.mjs [options]

Translates 32 sentences of 22 to 28 random tokens to 25 tokens each with a random Marian model of OPUS-MT's shape (6 + 6 layers,
512 channels, 8 heads, 2,048 feed-forward, vocabulary 58,101; made under bench/.cache on the first run), and prints tokens per
second of the best translations; with beam 4 and greedily. With --ctranslate2 the same model runs in CTranslate2 in float32, in turn.

  --ctranslate2     install CTranslate2 from PyPI into a folder that is gone afterwards, and measure it too
  --onnxruntime     measure onnxruntime-node on the linear layers alone of greedy translation, where bench/peers is installed
  --python PATH     a Python that has it already (bench/peers/ctranslate2/requirements.txt)
  --rounds N        of each (default: 3); the fastest counts
  --threads N       threads that compute (default: processors, ${availableParallelism()})
  --help            this text`;

const CONFIG = {
  model_type: 'marian',
  vocab_size: 58_101,
  d_model: 512,
  encoder_layers: 6,
  decoder_layers: 6,
  encoder_attention_heads: 8,
  decoder_attention_heads: 8,
  encoder_ffn_dim: 2048,
  decoder_ffn_dim: 2048,
  max_position_embeddings: 512,
  activation_function: 'swish',
  scale_embedding: true,
  pad_token_id: 58_100,
  eos_token_id: 0,
  decoder_start_token_id: 58_100,
};
const NUM_SENTENCES = 32;
const TARGET_TOKENS = 25;

const { values } = parseArgs({
  options: {
    ctranslate2: { type: 'boolean', default: false },
    onnxruntime: { type: 'boolean', default: false },
    python: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(availableParallelism()) },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else await run({ rounds: Number(values.rounds), threads: Number(values.threads) });

async function run({ rounds, threads }) {
  const folder = await ensureModel();
  const sources = sentences();
  const peer = preparePeer();
  const times = { 4: { own: [], peer: [] }, 1: { own: [], peer: [] } };
  let agreement;
  try {
    for (let round = 0; round < rounds; round++)
      for (const beams of [4, 1]) {
        const own = await translate(folder, sources, { beams, threads });
        times[beams].own.push(own.seconds);
        if (peer === undefined) continue;
        const other = peer.translate(folder, sources, { beams, threads });
        times[beams].peer.push(other.seconds);
        agreement ??= own.targets.filter((ids, i) => String(ids) === String(other.targets[i])).length;
        peer.version ??= other.version;
      }
  } finally {
    peer?.remove();
  }
  print({ times, peer, agreement, threads });
  if (values.onnxruntime) printOnnxruntime(sources, { rounds, threads });
  await printSharing(folder, sources[0], threads);
}

/** The random checkpoint, as a Hugging Face folder. */
async function ensureModel() {
  const folder = join(CACHE_FOLDER, 'marian-6x512-58101');
  if (existsSync(join(folder, 'model.safetensors'))) return folder;
  mkdirSync(CACHE_FOLDER, { recursive: true });
  const description = parseEncoderDecoderConfig('the benchmark', JSON.stringify(CONFIG));
  const llm = await LLM.random(description, { threads: 1, seed: SEED });
  await saveEncoderDecoder(llm.model, folder);
  await llm.dispose();
  return folder;
}

function sentences() {
  let state = SEED;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: NUM_SENTENCES }, () => {
    const length = 22 + Math.floor(7 * random());
    return [...Array.from({ length: length - 1 }, () => 1 + Math.floor(random() * (CONFIG.vocab_size - 2))), 0];
  });
}

/** All sentences at once, after a warm-up. */
async function translate(folder, sources, { beams, threads }) {
  const limits = { maxNumSequences: NUM_SENTENCES * beams, maxNumBatchedTokens: 1024, cacheTokens: 16_384 };
  const llm = await LLM.load(folder, { threads, ...limits, prefixCache: false });
  try {
    const options = { numBeams: beams, temperature: 0, maxNewTokens: TARGET_TOKENS, minNewTokens: TARGET_TOKENS };
    await llm.transduce(sources.slice(0, 2), { ...options, maxNewTokens: 2, minNewTokens: 2 });
    const start = performance.now();
    const made = await llm.transduce(sources, options);
    const seconds = (performance.now() - start) / 1000;
    return { seconds, targets: made.map(({ tokenIds }) => tokenIds) };
  } finally {
    await llm.dispose();
  }
}

/** CTranslate2, if it is wanted. */
function preparePeer() {
  if (!values.ctranslate2 && values.python === undefined) return undefined;
  const peers = fileURLToPath(new URL('peers/ctranslate2/', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'kvasir-ctranslate2-'));
  let { python } = values;
  if (python === undefined) {
    execFileSync('python3', ['-m', 'venv', join(folder, 'venv')], { stdio: 'inherit' });
    python = join(folder, 'venv', 'bin', 'python');
    const install = ['-m', 'pip', 'install', '--quiet', '-r', join(peers, 'requirements.txt')];
    execFileSync(python, install, { stdio: 'inherit' });
  }
  return {
    translate(model, sources, { beams, threads }) {
      const settings = {
        model,
        sources,
        beams,
        threads,
        targetTokens: TARGET_TOKENS,
        converted: join(folder, 'model'),
      };
      const output = execFileSync(python, [join(peers, 'translate.py')], {
        input: JSON.stringify(settings),
        env: { ...process.env, OMP_NUM_THREADS: String(threads) },
      });
      return JSON.parse(output);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function print({ times, peer, agreement, threads }) {
  const tokens = NUM_SENTENCES * TARGET_TOKENS;
  const rate = (seconds) => (seconds.length === 0 ? '–' : (tokens / Math.min(...seconds)).toFixed(0));
  const rows = Object.entries(times).map(([beams, { own, peer: others }]) => [
    beams === '1' ? 'greedy' : `beam ${beams}`,
    rate(own),
    rate(others),
    others.length === 0 ? '–' : `${((100 * Math.min(...others)) / Math.min(...own)).toFixed(0)} %`,
    `${median(own).toFixed(2)} s`,
  ]);
  const name = peer === undefined ? 'CTranslate2' : `CTranslate2 ${peer.version}`;
  console.log(
    `${NUM_SENTENCES} sentences, ${TARGET_TOKENS} tokens each, float32, ${threads} threads; tokens/s, best of rounds`,
  );
  console.log(formatTable([['', 'Kvasir', name, 'share', 'median'], ...rows], [1, 2, 3, 4]));
  if (peer !== undefined) console.log(`${agreement} of ${NUM_SENTENCES} translations with beam 4 are the same`);
}

/** What the products of greedy translation take there, without attention, norms and choices. */
function printOnnxruntime(sources, { rounds, threads }) {
  const sourceTokens = sources.reduce((sum, ids) => sum + ids.length, 0);
  const work = JSON.stringify({ threads, sourceTokens, sentences: NUM_SENTENCES, targetTokens: TARGET_TOKENS });
  const script = join(fileURLToPath(new URL('peers/', import.meta.url)), 'translate-onnxruntime.mjs');
  const runs = Array.from({ length: rounds }, () => JSON.parse(execFileSync(process.execPath, [script, work])));
  const rate = (NUM_SENTENCES * TARGET_TOKENS) / Math.min(...runs.map(({ seconds }) => seconds));
  console.log(`onnxruntime-node ${runs[0].version}, linear layers only, greedy: ${rate.toFixed(0)} tokens/s`);
}

/** A source costs the same however many beams read it, and nothing when it comes again. */
async function printSharing(folder, source, threads) {
  const llm = await LLM.load(folder, { threads, cacheTokens: 16_384 });
  const rows = [];
  for (const [i, beams] of [1, 2, 4, 8, 8].entries()) {
    const before = llm.engine.statistics().totals;
    const start = performance.now();
    const made = await llm.transduce(i === 4 ? source : [i + 1, ...source.slice(1)], {
      ...{ numBeams: beams, temperature: 0, maxNewTokens: TARGET_TOKENS, minNewTokens: TARGET_TOKENS },
      ...(beams === 1 ? {} : { numReturnSequences: beams }),
    });
    const ms = performance.now() - start;
    const after = llm.engine.statistics().totals;
    const encoded = after.encodedTokens - before.encodedTokens;
    const computed = after.computedTokens - before.computedTokens;
    rows.push([`${beams} beams`, encoded, computed, made.choices.length, (ms / computed).toFixed(2)].map(String));
    // The source of the last row has been read in the row before.
    if (i === 3) await llm.transduce(source, { numBeams: 1, maxNewTokens: 1 });
  }
  rows.at(-1)[0] += ', source read before';
  console.log(formatTable([['one source', 'encoded', 'target tokens', 'targets', 'ms/token'], ...rows], [1, 2, 3, 4]));
  await llm.dispose();
}
