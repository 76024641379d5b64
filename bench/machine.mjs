import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { compileKernels } from './machine/compile.mjs';
import { Crew } from './machine/crew.mjs';
import { median, quantile } from './statistics.mjs';

/** Bytes all threads read together: far more than any cache holds. */
const BUFFER_BYTES = 512 * 2 ** 20;
/** Scratch before the buffer: a line of zeros, then the barrier. */
const BUFFER_START = 65_536;
const BARRIER = 256;

const READS = [1, 2, 4, 8].map((streams) => ({ kernel: `read${streams}`, streams }));
const MULTIPLY_ADDS = [8, 10, 12].map((chains) => ({ kernel: `multiplyAdd${chains}`, chains }));
const MULTIPLY_ADD_TURNS = 4_000_000;
const BARRIER_TURNS = 2000;

/**
 * What `threads` threads of WebAssembly can do here at most; the shares of the benchmark refer to these.
 *
 * - `readBytesPerSecond`: all threads sum 128-bit loads over 512 MiB, each over its own part, once from one place and once
 *   from 2, 4 and 8 far-apart places; `rounds` passes of each, interleaved.
 * - `multiplyAddFlops`: 8, 10 and 12 independent chains of 128-bit fused multiply-adds in registers (a multiply-add is two
 *   operations, times four lanes), `rounds` passes of each, interleaved.
 *
 * Of each, the fastest kernel counts, with the 90th percentile of its passes: what the machine does when it is left
 * alone, but not a single lucky pass.
 */
export async function measureMachine({ threads = availableParallelism(), rounds = 15 } = {}) {
  const memory = new WebAssembly.Memory({
    initial: (BUFFER_START + BUFFER_BYTES) / 65_536,
    maximum: 65_536,
    shared: true,
  });
  const crew = await Crew.start(await compileKernels(), memory, threads);
  try {
    await crew.run('fill', parts(threads, 1));
    return {
      processor: cpus()[0]?.model.trim() ?? 'unknown',
      processors: availableParallelism(),
      node: process.versions.node,
      v8: process.versions.v8,
      threads,
      ...summary('read', await measureReads(crew, threads, rounds)),
      ...summary('multiplyAdd', await measureMultiplyAdds(crew, threads, rounds)),
    };
  } finally {
    await crew.stop();
  }
}

/** Seconds for all threads to meet once at a barrier that sleeps on a futex at once: what spinning is compared with. */
export async function measureFutexBarrier(threads, rounds = 5) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true });
  const crew = await Crew.start(await compileKernels(), memory, threads);
  try {
    const parameters = Array.from({ length: threads }, () => [BARRIER, threads, BARRIER_TURNS]);
    const seconds = [];
    for (let round = 0; round <= rounds; round++)
      seconds.push((await crew.run('futexBarrier', parameters)) / BARRIER_TURNS);
    return median(seconds.slice(1));
  } finally {
    await crew.stop();
  }
}

// V8 goes over to optimised code between calls only, so every kernel is called often and briefly before it is measured.
const WARM_UP_CALLS = 60;

async function measureReads(crew, threads, rounds) {
  const rates = new Map(READS.map(({ kernel }) => [kernel, []]));
  for (const { kernel } of READS) {
    for (let i = 0; i < WARM_UP_CALLS; i++) await crew.run(kernel, Array(threads).fill([BUFFER_START, 65_536]));
  }
  for (let round = 0; round < rounds; round++) {
    for (const { kernel, streams } of READS) {
      const ranges = parts(threads, streams);
      const seconds = await crew.run(kernel, ranges);
      const bytes = ranges.reduce((sum, [, distance]) => sum + distance * streams, 0);
      rates.get(kernel).push(bytes / seconds);
    }
  }
  return rates;
}

async function measureMultiplyAdds(crew, threads, rounds) {
  const rates = new Map(MULTIPLY_ADDS.map(({ kernel }) => [kernel, []]));
  const run = (kernel, turns) => crew.run(kernel, Array(threads).fill([turns]));
  for (const { kernel } of MULTIPLY_ADDS) for (let i = 0; i < WARM_UP_CALLS; i++) await run(kernel, 20_000);
  for (let round = 0; round < rounds; round++) {
    for (const { kernel, chains } of MULTIPLY_ADDS) {
      const seconds = await run(kernel, MULTIPLY_ADD_TURNS);
      rates.get(kernel).push((threads * MULTIPLY_ADD_TURNS * chains * 4 * 2) / seconds);
    }
  }
  return rates;
}

function summary(name, rates) {
  const kernels = [...rates].map(([kernel, values]) => ({
    kernel,
    high: quantile(values, 0.9),
    median: median(values),
    best: Math.max(...values),
  }));
  const unit = name === 'read' ? 'BytesPerSecond' : 'Flops';
  return { [`${name}${unit}`]: Math.max(...kernels.map(({ high }) => high)), [`${name}Kernels`]: kernels };
}

/** For each thread the start of its part of the buffer and the distance between its streams. */
function parts(threads, streams) {
  const part = Math.floor(BUFFER_BYTES / threads / 4096) * 4096;
  const distance = Math.floor(part / streams / 256) * 256;
  return Array.from({ length: threads }, (_, i) => [BUFFER_START + i * part, distance]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const threads = Number(process.argv[2] ?? availableParallelism());
  const machine = await measureMachine({ threads });
  console.log(JSON.stringify({ ...machine, futexBarrierSeconds: await measureFutexBarrier(threads) }, undefined, 2));
}
