import { readFileSync } from 'node:fs';

/**
 * Resident bytes of the whole process: before the library is loaded, at the highest while a model loads, and steady after
 * a prompt of 512 tokens and some decoding; and what the library says the weights and the cache take.
 */
export async function measure({ folder, dtype, threads, vocabulary }) {
  const beforeBytes = residentBytes();
  const { LLM } = await import('kvasir');
  const { greedy, promptOf, tokenTimes } = await import('./prompt.mjs');
  // The longest sequence, and room for no more: what is never touched would not be resident.
  const llm = await LLM.load(folder, { dtype, threads, contextLength: 1024, cacheTokens: 1024 });
  const loadPeakBytes = peakBytes();
  await tokenTimes(llm, promptOf(512, vocabulary), greedy(64));
  const samples = [];
  for (let i = 0; i < 5; i++) {
    await tokenTimes(llm, promptOf(64, vocabulary), greedy(8));
    samples.push(residentBytes());
  }
  const { weightBytes, kvCacheBytes, workspaceBytes } = llm.memory();
  await llm.dispose();
  return { beforeBytes, loadPeakBytes, steadyBytes: samples, weightBytes, kvCacheBytes, workspaceBytes };
}

function residentBytes() {
  return fromStatus('VmRSS') ?? process.memoryUsage.rss();
}

function peakBytes() {
  return fromStatus('VmHWM') ?? process.resourceUsage().maxRSS * 1024;
}

/** A line of Linux's own account of the process, in bytes; undefined elsewhere. */
function fromStatus(name) {
  if (process.platform !== 'linux') return undefined;
  const line = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'utf8'));
  return line === null ? undefined : Number(line[1]) * 1024;
}
