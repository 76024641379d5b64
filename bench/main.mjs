// npm run bench: how fast the library is here, as shares of what this machine can do. `--help` says more.
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { measureMachine } from './machine.mjs';
import { beams, overhead, staticBatching, throughput, waste } from './sections/batching.mjs';
import { browser } from './sections/browser.mjs';
import { barrier, context, load, memory } from './sections/costs.mjs';
import { peers } from './sections/peers.mjs';
import { speculation } from './sections/speculation.mjs';
import { attention, decode, prefill, tiny, verification } from './sections/speed.mjs';
import { LLAMA_260K } from './shapes.mjs';
import { median } from './statistics.mjs';
import { formatTable } from './table.mjs';

const SECTIONS = [
  ...[decode, prefill, verification, attention, barrier, tiny, load, memory, context],
  ...[throughput, overhead, staticBatching, waste, beams, speculation],
  ...[peers, browser],
];
const DTYPES = ['bfloat16', 'float32', 'float16', 'int8', 'int4'];

const HELP = `Usage: npm run bench -- [options]

Measures the library on a random GPT-2 124M (made under bench/.cache on the first run) and prints a table: what was
measured, and its share of what the machine reaches for WebAssembly in the same run (bench/machine.mjs).

  --only NAMES     sections, with commas: ${SECTIONS.map(({ name }) => name).join(', ')}
  --threads N      threads that compute (default: processors, ${availableParallelism()})
  --dtype NAMES    weights, with commas (default: ${DTYPES.join(',')})
  --quick          one round of everything, fewer repetitions
  --no-peers       leave other engines out (they run if bench/peers is installed:
                   npm ci --prefix bench/peers --ignore-scripts)
  --no-browser     leave the browser out (it runs if there is a Chromium; KVASIR_CHROMIUM names one)
  --json FILE      write all figures to FILE
  --help           this text

Examples:
  npm run bench
  npm run bench -- --only decode,prefill --dtype int8,int4
  npm run bench -- --quick --no-peers --json bench.json`;

const options = readOptions();
if (options === undefined) console.log(HELP);
else await runBenchmark(options);

async function runBenchmark({ sections, threads, dtypes, withPeers, isQuick, jsonFile }) {
  const settings = { threads, dtypes, withPeers, ...repetitions(isQuick) };
  const rounds = isQuick ? 1 : 3;
  const roofs = [await measureMachine({ threads })];
  const samples = Object.fromEntries(sections.map(({ name }) => [name, {}]));
  const failures = [];
  for (let round = 1; round <= rounds; round++) {
    for (const section of sections) {
      if (failures.some(({ name }) => name === section.name) || (section.isOnce && round > 1)) continue;
      progress(`round ${round} of ${rounds}: ${section.name}`);
      try {
        await section.sample({ ...settings, machine: roofs[0] }, samples[section.name]);
      } catch (error) {
        failures.push({ name: section.name, message: (error.stderr || error.stack).trim() });
      }
      if (section.hasRoof) roofs.push(await measureMachine({ threads, rounds: 6 }));
    }
  }
  progress('');
  report({ sections, samples, failures, machine: typical(roofs), settings, jsonFile });
}

function report({ sections, samples, failures, machine, settings, jsonFile }) {
  const results = {};
  for (const section of sections) {
    const { name } = section;
    if (!failures.some((failure) => failure.name === name))
      results[name] = section.report({ ...settings, machine, results }, samples[name]);
  }
  console.log(describeMachine(machine));
  console.log(formatTable(Object.values(results).flat()));
  for (const { name, message } of failures) console.error(`\n${name} failed: ${message}`);
  if (jsonFile !== undefined) {
    writeFileSync(jsonFile, `${JSON.stringify({ machine, settings, results, failures }, undefined, 2)}\n`);
  }
  if (failures.length > 0) process.exitCode = 1;
}

/** The roofs are measured again and again between the work that they are compared with; like there, the median counts. */
function typical(roofs) {
  const reads = roofs.map(({ readBytesPerSecond }) => readBytesPerSecond);
  const multiplyAdds = roofs.map(({ multiplyAddFlops }) => multiplyAddFlops);
  return {
    ...roofs[0],
    readBytesPerSecond: median(reads),
    multiplyAddFlops: median(multiplyAdds),
    measurements: roofs.map(({ readKernels, multiplyAddKernels }) => ({ readKernels, multiplyAddKernels })),
    readRange: [Math.min(...reads), Math.max(...reads)],
    multiplyAddRange: [Math.min(...multiplyAdds), Math.max(...multiplyAdds)],
  };
}

function describeMachine({ processor, processors, node, threads, ...machine }) {
  const giga = (value) => (value / 1e9).toFixed(1);
  const range = ([low, high]) => `${giga(low)} to ${giga(high)} over the run`;
  return [
    `${processor}, ${processors} processors; Node ${node}; ${threads} threads`,
    `read bandwidth     ${giga(machine.readBytesPerSecond)} GB/s (${range(machine.readRange)}; 512 MiB, 128-bit loads)`,
    `multiply-add peak  ${giga(machine.multiplyAddFlops)} GFLOP/s (${range(machine.multiplyAddRange)}; 128-bit, fused)`,
    '',
  ].join('\n');
}

function repetitions(isQuick) {
  return {
    tokens: isQuick ? 32 : 64,
    prefillRounds: isQuick ? 2 : 3,
    attentionRounds: isQuick ? 20 : 40,
    barrierRounds: isQuick ? 15 : 30,
    contexts: isQuick ? [64, 256, 1000] : [64, 128, 256, 512, 768, 1000],
    contextRepetitions: isQuick ? 1 : 2,
    requestCounts: isQuick ? [1, 4, 16] : [1, 2, 4, 8, 16, 32],
    requestTokens: isQuick ? 32 : 64,
    staticRequests: isQuick ? 32 : 64,
    wasteRequests: isQuick ? 64 : 200,
    beamTokens: isQuick ? 32 : 64,
    beamRounds: isQuick ? 1 : 2,
    speculationTokens: isQuick ? 64 : 128,
    browserRounds: isQuick ? 1 : 2,
    tinyShape: LLAMA_260K,
  };
}

function readOptions() {
  const values = parseFlags();
  if (values.help) return undefined;
  const wanted =
    values.only === undefined
      ? SECTIONS.map(({ name }) => name)
      : known(
          'section',
          values.only,
          SECTIONS.map(({ name }) => name),
        );
  const threads = Number(values.threads);
  if (!Number.isInteger(threads) || threads < 1)
    fail(`--threads is ${values.threads}, wanted a whole number of at least 1`);
  return {
    sections: SECTIONS.filter(({ name }) => wanted.includes(name) && values[name] !== false),
    threads,
    dtypes: known('dtype', values.dtype, DTYPES),
    withPeers: values.peers,
    isQuick: values.quick,
    jsonFile: values.json,
  };
}

function parseFlags() {
  const options = {
    only: { type: 'string' },
    threads: { type: 'string', default: String(availableParallelism()) },
    dtype: { type: 'string', default: DTYPES.join(',') },
    quick: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: true },
    browser: { type: 'boolean', default: true },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  };
  try {
    return parseArgs({ options, allowNegative: true }).values;
  } catch (error) {
    return fail(error.message);
  }
}

function known(what, list, names) {
  const given = list.split(',');
  const wrong = given.find((name) => !names.includes(name));
  if (wrong !== undefined) fail(`unknown ${what} ${JSON.stringify(wrong)}; known: ${names.join(', ')}`);
  return given;
}

function fail(message) {
  console.error(`Cannot run the benchmark: ${message}`);
  process.exit(2);
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else if (text !== '') process.stderr.write(`${text}\n`);
}
