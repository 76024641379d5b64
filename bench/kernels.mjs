// Times single operations of the WASM backend: attention over a cache, a prompt's attention, empty commands, loading, and
// the way of a command list to the threads and back. `node bench/kernels.mjs [threads]`, after a build.
import { createWasmBackend } from '../dist/backends/wasm/wasm-backend.js';
import { measureMachine } from './machine.mjs';
import { median } from './statistics.mjs';

const threads = Number(process.argv[2] ?? 2);
const backend = await createWasmBackend({ threads });
const machine = process.argv[3] === 'fast' ? undefined : await measureMachine({ threads });
if (machine) console.log(JSON.stringify(machine));

async function time(name, runs, record, describe) {
  for (let i = 0; i < 3; i++) {
    record();
    await backend.synchronize();
  }
  const seconds = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    record();
    await backend.synchronize();
    seconds.push((performance.now() - start) / 1000);
  }
  console.log(`${name}: ${describe(median(seconds))} (best ${describe(Math.min(...seconds))})`);
}

const random = (length) => {
  const buffer = backend.allocate('float32', length);
  backend.write(
    buffer,
    Float32Array.from({ length }, () => Math.random() * 2 - 1),
  );
  return buffer;
};

function pagedBatch(lengths, queries) {
  const ints = (values) => {
    const buffer = backend.allocate('int32', values.length);
    backend.write(buffer, Int32Array.from(values));
    return buffer;
  };
  const maxBlocks = Math.max(...lengths.map((length) => Math.ceil(length / 16)));
  const slots = lengths.flatMap((length, s) =>
    Array.from({ length: queries[s] }, (_, i) => s * maxBlocks * 16 + length - queries[s] + i),
  );
  const starts = [0];
  for (const count of queries) starts.push(starts.at(-1) + count);
  return {
    numTokens: slots.length,
    numSequences: lengths.length,
    maxBlocks,
    queryStarts: ints(starts),
    keyLengths: ints(lengths),
    blockTables: ints(Array.from({ length: lengths.length * maxBlocks }, (_, i) => i)),
    slots: ints(slots),
  };
}

/** Layers one after the other, each with a cache of its own, as a model has them. */
async function attention(name, { layers, heads, kvHeads, headSize, keys, queries, runs }) {
  const batch = pagedBatch([keys], [queries]);
  const numBlocks = Math.ceil(keys / 16);
  const all = pagedBatch([keys], [keys]);
  const caches = Array.from({ length: layers }, () => backend.allocateCache({ numBlocks, kvHeads, headSize }));
  const [k, v] = [random(keys * kvHeads * headSize), random(keys * kvHeads * headSize)];
  for (const cache of caches) backend.storeKeysValues(cache, k, v, all);
  const q = random(queries * heads * headSize);
  const output = backend.allocate('float32', q.length);
  const options = { heads, scale: headSize ** -0.5, maxKeyLength: keys };
  const bytes = layers * keys * kvHeads * headSize * 8;
  const flops = layers * heads * headSize * 4 * ((queries * (2 * keys - queries + 1)) / 2);
  const share = (speed, peak) => (peak === undefined ? '' : ` = ${((100 * speed) / peak).toFixed(0)} % of the machine`);
  await time(
    name,
    runs,
    () => {
      for (const cache of caches) backend.pagedAttention(output, q, cache, batch, options);
    },
    (s) =>
      queries === 1
        ? `${(s * 1e3).toFixed(2)} ms, ${(bytes / s / 1e9).toFixed(1)} GB/s${share(bytes / s, machine?.readBytesPerSecond)}`
        : `${(s * 1e3).toFixed(2)} ms, ${(flops / s / 1e9).toFixed(1)} GFLOP/s${share(flops / s, machine?.multiplyAddFlops)}`,
  );
  for (const cache of caches) backend.release(cache);
}

const gpt2 = { layers: 12, heads: 12, kvHeads: 12, headSize: 64 };
await attention('decode, 1024 keys, 12×12 heads of 64', { ...gpt2, keys: 1024, queries: 1, runs: 30 });
await attention('decode, 256 keys, 12×12 heads of 64', { ...gpt2, keys: 256, queries: 1, runs: 30 });
const llama = { layers: 8, heads: 32, kvHeads: 8, headSize: 128 };
await attention('decode, 1024 keys, 8×32/8 heads of 128', { ...llama, keys: 1024, queries: 1, runs: 20 });
await attention('prompt of 512, 12×12 heads of 64', { ...gpt2, keys: 512, queries: 512, runs: 5 });
await attention('prompt of 512, 2×32/8 heads of 128', { ...llama, layers: 2, keys: 512, queries: 512, runs: 5 });

const small = random(16);
const COMMANDS = 960;
const commands = () => {
  for (let i = 0; i < COMMANDS; i++) backend.scale(small, small, 1);
};
await time('960 tiny commands', 30, commands, (s) => `${((s / COMMANDS) * 1e6).toFixed(2)} µs each`);
await time(
  'one tiny command and back',
  200,
  () => backend.scale(small, small, 1),
  (s) => `${(s * 1e6).toFixed(0)} µs`,
);
const start = performance.now();
for (let i = 0; i < COMMANDS; i++) backend.scale(small, small, 1);
console.log(`recording: ${(((performance.now() - start) * 1e3) / COMMANDS).toFixed(2)} µs a command`);
await backend.synchronize();

const data = new Uint8Array(768 * 30720 * 4);
for (const [from, to, order] of [
  ['float32', 'float32', 'rows'],
  ['float32', 'bfloat16', 'rows'],
  ['bfloat16', 'bfloat16', 'rows'],
  ['float32', 'float32', 'columns'],
]) {
  const matrix = backend.allocateMatrix(to, 30720, 768);
  const bytes = 768 * 30720 * (from === 'float32' ? 4 : 2);
  const part = { data: data.subarray(0, bytes), dtype: from, order, first: 0, count: order === 'rows' ? 30720 : 768 };
  for (let i = 0; i < 3; i++) {
    const begin = performance.now();
    await backend.writeMatrix(matrix, part);
    if (i === 2)
      console.log(
        `loading ${from} to ${to} by ${order}: ${(bytes / (performance.now() - begin) / 1e6).toFixed(2)} GB/s`,
      );
  }
  backend.release(matrix);
}
await backend.dispose();
