import { measureFutexBarrier } from '../machine.mjs';
import { cacheBytesPerToken } from '../model-cost.mjs';
import { runCase } from '../run-child.mjs';
import { GPT2_124M } from '../shapes.mjs';
import { median } from '../statistics.mjs';
import { gpt2Folder, gpt2Weights, isFloat } from './speed.mjs';

/** What an operation costs beside its work, with as many threads as processors and with more. */
export const barrier = {
  name: 'barrier',
  async sample({ machine, threads, barrierRounds }, samples) {
    const oversubscribed = 2 * machine.processors;
    for (const count of new Set([1, threads, oversubscribed])) {
      const { seconds } = await runCase('barrier', { threads: count, rounds: barrierRounds });
      samples[count] ??= { threads: count, seconds: [], futexSeconds: [] };
      samples[count].seconds.push(...seconds);
      if (count > 1) samples[count].futexSeconds.push(await measureFutexBarrier(count));
    }
  },
  report({ machine }, samples) {
    const alone = median(samples[1].seconds);
    return Object.values(samples).map(({ threads, seconds, futexSeconds }) => {
      const each = median(seconds);
      const isCrowded = threads > machine.processors;
      const row = { threads, secondsPerOperation: each };
      if (threads === 1) {
        return { work: 'an empty operation, 1 thread', ...row, value: `${(each * 1e6).toFixed(2)} µs` };
      }
      const futex = median(futexSeconds);
      return {
        work: `barrier between operations, ${threads} threads${isCrowded ? ` on ${machine.processors} processors` : ''}`,
        ...row,
        barrierSeconds: each - alone,
        futexSeconds: futex,
        value: `${((each - alone) * 1e6).toFixed(2)} µs`,
        goal: isCrowded ? `≤ ${(futex * 1e6).toFixed(1)} µs` : '≤ 0.5 µs',
        isMet: each - alone <= (isCrowded ? futex : 0.5e-6),
        note: `sleeping on a futex at once: ${(futex * 1e6).toFixed(1)} µs`,
      };
    });
  },
};

/** The time of a token against the tokens before it: with the cache it grows by the cache's bytes, without by all the work. */
export const context = {
  name: 'context',
  isOnce: true,
  async sample({ threads, contexts, contextRepetitions }, samples) {
    const folder = await gpt2Folder('bfloat16');
    const { vocabulary } = GPT2_124M;
    const parameters = { folder, threads, vocabulary, contexts, repetitions: contextRepetitions };
    samples.rows = (await runCase('context', parameters)).rows;
  },
  report({ machine }, { rows }) {
    const first = rows[0];
    const base = median(first.withCacheMs);
    return rows.map(({ context, withCacheMs, withoutCacheMs }) => {
      const extraBytes = (context - first.context) * cacheBytesPerToken(GPT2_124M);
      const expected = base + (1000 * extraBytes) / machine.readBytesPerSecond;
      const withCache = median(withCacheMs);
      const withoutCache = median(withoutCacheMs);
      return {
        work: `token ${context}, bfloat16`,
        context,
        withCacheMs: withCache,
        expectedMs: expected,
        withoutCacheMs: withoutCache,
        value: `${withCache.toFixed(1)} ms`,
        note: `${expected.toFixed(1)} ms if only the cache's bytes came on top; without cache ${withoutCache.toFixed(0)} ms`,
      };
    });
  },
};

/** From files in the system's memory to a model that is ready. */
export const load = {
  name: 'load',
  async sample({ threads, dtypes }, samples) {
    for (const dtype of dtypes.filter(isFloat)) {
      samples[dtype] ??= [];
      samples[dtype].push(await runCase('load', { folder: await gpt2Folder(dtype), threads }));
    }
  },
  report(_, samples) {
    return Object.entries(samples).map(([dtype, runs]) => {
      const seconds = median(runs.map(({ loadMs }) => loadMs)) / 1000;
      const tensors = median(runs.map(({ tensorsMs }) => tensorsMs)) / 1000;
      const rate = runs[0].bytes / seconds;
      return {
        work: `loading ${dtype} from the page cache`,
        loadSeconds: seconds,
        tensorSeconds: tensors,
        bytesPerSecond: rate,
        value: `${(rate / 1e9).toFixed(2)} GB/s`,
        goal: '≥ 1 GB/s',
        isMet: rate >= 1e9,
        note: `${seconds.toFixed(2)} s in all, ${tensors.toFixed(2)} s from the first tensor to the last`,
      };
    });
  },
};

/** Resident memory of the whole process over what weights and cache need. */
export const memory = {
  name: 'memory',
  isOnce: true,
  async sample({ threads, dtypes }, samples) {
    const { vocabulary } = GPT2_124M;
    for (const dtype of dtypes)
      samples[dtype] = await runCase('memory', { ...(await gpt2Weights(dtype)), threads, vocabulary });
  },
  report(_, samples) {
    return Object.entries(samples).flatMap(([dtype, sample]) => {
      const { beforeBytes, loadPeakBytes, weightBytes, kvCacheBytes, workspaceBytes } = sample;
      const needed = weightBytes + kvCacheBytes;
      const row = (work, bytes, limit) => ({
        work: `${work}, ${dtype}`,
        residentBytes: bytes,
        neededBytes: needed,
        nodeBytes: beforeBytes,
        workspaceBytes,
        ratio: bytes / needed,
        value: `${(bytes / needed).toFixed(2)} ×`,
        goal: `≤ ${limit} ×`,
        isMet: bytes / needed <= limit,
        note: `${megabytes(bytes)} over ${megabytes(needed)} of weights and cache; ${((bytes - beforeBytes) / needed).toFixed(2)} × without the ${megabytes(beforeBytes)} of Node alone`,
      });
      return [
        row('resident memory, steady', median(sample.steadyBytes), 1.15),
        row('resident memory, highest while loading', loadPeakBytes, 1.3),
      ];
    });
  },
};

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
