import { findChromium } from '../../scripts/find-chromium.mjs';
import { runChild } from '../run-child.mjs';
import { GPT2_124M } from '../shapes.mjs';
import { median } from '../statistics.mjs';
import { gpt2Folder, isFloat } from './speed.mjs';

/** The same decode and prefill in a headless Chromium, beside Node's figures of the same run. */
export const browser = {
  name: 'browser',
  isOnce: true,
  async sample({ threads, dtypes, tokens, browserRounds, withPeers }, samples) {
    const executablePath = findChromium();
    if (executablePath === undefined) return;
    const folders = [];
    for (const dtype of dtypes.filter(isFloat).slice(0, 2)) folders.push({ dtype, folder: await gpt2Folder(dtype) });
    const parameters = { executablePath, folders, threads, tokens, rounds: browserRounds, withPeers };
    const script = new URL('../browser/drive.mjs', import.meta.url);
    Object.assign(samples, await runChild(script, JSON.stringify({ ...parameters, vocabulary: GPT2_124M.vocabulary })));
  },
  report({ results: others, threads }, { chromium, results }) {
    if (results === undefined) {
      return [
        { work: 'browser', value: 'not run', note: 'no Chromium found; KVASIR_CHROMIUM=/path/to/chromium names one' },
      ];
    }
    return results.flatMap((result) => {
      if (result.engine === 'wllama') return wllamaRows(result, chromium);
      const isolation = result.isIsolated ? 'isolated' : 'not isolated';
      const place = `Chromium ${chromium.split('.')[0]}, ${isolation}, ${result.threads} thread${result.threads === 1 ? '' : 's'}`;
      const nodeRate = (section, work) => {
        if (result.threads !== threads) return undefined;
        return others[section]?.find((row) => row.work.endsWith(`, ${result.dtype}`) && row.work.startsWith(work))
          ?.tokensPerSecond;
      };
      return [
        row(`${place}: decode, ${result.dtype}`, 1000 / median(result.tokenMs), nodeRate('decode', 'decode')),
        row(
          `${place}: prefill 512, ${result.dtype}`,
          512_000 / median(result.prefillMs),
          nodeRate('prefill', 'prefill'),
        ),
      ];
    });
  },
};

function row(work, tokensPerSecond, nodeTokensPerSecond) {
  const value = `${tokensPerSecond.toFixed(1)} tokens/s`;
  if (nodeTokensPerSecond === undefined) return { work, tokensPerSecond, value };
  const ratio = tokensPerSecond / nodeTokensPerSecond;
  const note = `${ratio.toFixed(2)} of Node's ${nodeTokensPerSecond.toFixed(1)}`;
  return {
    work,
    tokensPerSecond,
    nodeTokensPerSecond,
    ratio,
    value,
    goal: '≥ 0.80 of Node',
    isMet: ratio >= 0.8,
    note,
  };
}

function wllamaRows({ version, dtype, threads, timings }, chromium) {
  const place = `Chromium ${chromium.split('.')[0]}, wllama, ${threads} thread${threads === 1 ? '' : 's'}`;
  return [
    {
      ...row(`${place}: decode, ${dtype}`, timings.predicted_per_second),
      note: `version ${version}`,
    },
    row(`${place}: prefill ${timings.prompt_n}, ${dtype}`, timings.prompt_per_second),
  ];
}
