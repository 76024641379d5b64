import { existsSync } from 'node:fs';
import { ensureCheckpoint } from '../checkpoint.mjs';
import { runCase, runChild } from '../run-child.mjs';
import { GPT2_124M, GPT2_TINY } from '../shapes.mjs';
import { median, total } from '../statistics.mjs';
import { gpt2Folder, gpt2Weights } from './speed.mjs';

const DTYPE = 'bfloat16';
const THROUGHPUT_DTYPES = ['bfloat16', 'float32', 'int8', 'int4'];
/** What 16 requests should reach, in multiples of one. */
const THROUGHPUT_TARGETS = { bfloat16: 3.2, int8: 3, int4: 2 };
/** node-llama-cpp's weights of as many bits. */
const PEER_TYPES = { bfloat16: 'F16', float32: 'F32', int8: 'Q8_0', int4: 'Q4_0' };
const PROMPT_TOKENS = 64;
const { vocabulary } = GPT2_124M;
const PEERS = new URL('../peers/', import.meta.url);
const PEER_COUNTS = [1, 4, 16];

/** Tokens per second of 1 to 32 requests at once, as a multiple of one request's. */
export const throughput = {
  name: 'throughput',
  async sample({ threads, dtypes, requestCounts, requestTokens, withPeers }, samples) {
    const shape = { promptTokens: PROMPT_TOKENS, newTokens: requestTokens };
    const hasPeer = withPeers && existsSync(new URL('node_modules/node-llama-cpp', PEERS));
    for (const dtype of dtypes.filter((name) => THROUGHPUT_DTYPES.includes(name))) {
      samples[dtype] ??= { own: [], peer: [] };
      const own = { ...(await gpt2Weights(dtype)), threads, vocabulary, counts: requestCounts, ...shape };
      samples[dtype].own.push(await runCase('throughput', own));
      if (!hasPeer) continue;
      const peer = { type: PEER_TYPES[dtype], threads, counts: PEER_COUNTS, ...shape };
      samples[dtype].peer.push(await runChild(new URL('llama-cpp.mjs', PEERS), JSON.stringify(peer)));
    }
  },
  report(_, samples) {
    return Object.entries(samples).flatMap(([dtype, { own, peer }]) => {
      const ours = ratesOf(own);
      const rows = throughputRows(ours, dtype, THROUGHPUT_TARGETS[dtype]);
      if (peer.length === 0) return rows;
      const theirs = ratesOf(peer);
      const [{ name, version, weights }] = peer;
      return [
        ...rows,
        ...throughputRows(theirs, `${name} ${version}, ${weights}`),
        ...besideRows({ ours, theirs, what: `${dtype} beside ${name}, ${weights}` }),
      ];
    });
  },
};

/** Medians of tokens per second for each number of requests: from the first request to the last token, and while all decode. */
function ratesOf(samples) {
  return samples[0].runs.map(({ count }) => {
    const runs = samples.flatMap(({ runs }) => runs.filter((run) => run.count === count));
    return {
      count,
      overall: median(runs.map(({ tokens, seconds }) => tokens / seconds)),
      decode: median(runs.map(({ decode }) => decode.tokens / decode.seconds)),
    };
  });
}

/** Multiples of a peer's tokens per second while all decode. */
function besideRows({ ours, theirs, what }) {
  return theirs.flatMap(({ count, decode }) => {
    const own = ours.find((rate) => rate.count === count);
    if (own === undefined) return [];
    const ratio = own.decode / decode;
    return [{ work: `  ${count} decoding at once, ${what}`, count, ratio, value: `${ratio.toFixed(2)} ×` }];
  });
}

/** `wanted`: what 16 requests should reach, in multiples of one. */
function throughputRows(rates, what, wanted) {
  const one = rates.find(({ count }) => count === 1);
  return rates.flatMap((rate) => {
    const { count } = rate;
    const work = `${count} request${count === 1 ? '' : 's'} at once, prompts of ${PROMPT_TOKENS}, ${what}`;
    const goal = count === 16 ? wanted : undefined;
    return [
      rateRow({ work, count, tokensPerSecond: rate.overall, gain: rate.overall / one.overall, wanted: goal }),
      rateRow({
        work: '  while all decode',
        count,
        tokensPerSecond: rate.decode,
        gain: rate.decode / one.decode,
        wanted: goal,
      }),
    ];
  });
}

function rateRow({ work, count, tokensPerSecond, gain, wanted }) {
  const row = { work, count, tokensPerSecond, gain, value: `${tokensPerSecond.toFixed(1)} tokens/s` };
  if (count === 1) return row;
  const noted = { ...row, note: `${gain.toFixed(2)} × one` };
  return wanted === undefined ? noted : { ...noted, goal: `≥ ${wanted} × one`, isMet: gain >= wanted };
}

/** What the engine itself takes of a step in which 16 requests decode. */
export const overhead = {
  name: 'overhead',
  async sample({ threads, requestTokens }, samples) {
    const shape = { count: 16, promptTokens: PROMPT_TOKENS, newTokens: requestTokens };
    const parameters = { folder: await gpt2Folder(DTYPE), threads, vocabulary, ...shape };
    collect(samples, 'all', await runCase('overhead', parameters));
  },
  report(_, { all }) {
    const steps = all.flatMap((run) => run.steps);
    const [ms, modelMs, apartMs] = ['ms', 'modelMs', 'apartMs'].map((key) => total(steps.map((step) => step[key])));
    const share = 1 - modelMs / ms;
    const each = (sum) => (sum / steps.length).toFixed(2);
    return [
      {
        work: `the engine's own time, decoding 16 requests, ${DTYPE}`,
        numSteps: steps.length,
        ...{ stepMs: ms, modelMs, apartMs, overhead: share, overheadApart: 1 - modelMs / apartMs },
        value: percent(share),
        goal: '< 5 %',
        isMet: share < 0.05,
        note: `${each(modelMs)} of ${each(ms)} ms a step in the model; ${percent(1 - modelMs / apartMs)} with the time between steps`,
      },
    ];
  },
};

/** The same requests by continuous and by static batching. */
export const staticBatching = {
  name: 'static',
  isOnce: true,
  async sample({ threads, staticRequests }, samples) {
    const ranges = { promptRange: [16, 128], outputRange: [16, 256] };
    const parameters = { folder: await gpt2Folder(DTYPE), threads, vocabulary, atOnce: 16, ...ranges };
    Object.assign(samples, await runCase('static', { ...parameters, count: staticRequests }));
  },
  report({ staticRequests }, sample) {
    const { continuousSeconds, staticSeconds, newTokens, promptTokens, staticNewTokens, staticPromptTokens } = sample;
    const gain = staticSeconds / continuousSeconds;
    return [
      {
        work: `${staticRequests} requests, 16 at once: continuous against static batching, ${DTYPE}`,
        ...sample,
        gain,
        value: `${gain.toFixed(2)} ×`,
        goal: '≥ 1.8 ×',
        isMet: gain >= 1.8,
        note: `${(newTokens / continuousSeconds).toFixed(1)} against ${(newTokens / staticSeconds).toFixed(1)} tokens/s; prompts of 16 to 128, answers of 16 to 256`,
      },
      {
        work: 'of that, static batching',
        value: `${staticSeconds.toFixed(1)} s`,
        note: `groups of 16 in order, same model and kernels; computes padding and finished rows too: ${staticPromptTokens} + ${staticNewTokens} tokens`,
      },
      {
        work: 'of that, continuous batching',
        value: `${continuousSeconds.toFixed(1)} s`,
        note: `the engine; prompts of ${promptTokens} and answers of ${newTokens} tokens in all`,
      },
    ];
  },
};

/** Cache slots that are taken and hold nothing. */
export const waste = {
  name: 'waste',
  isOnce: true,
  async sample({ threads, wasteRequests }, samples) {
    const ranges = { promptRange: [32, 512], outputRange: [16, 256] };
    const folder = await ensureCheckpoint(GPT2_TINY, 'F32');
    const parameters = { folder, threads, vocabulary: GPT2_TINY.vocabulary, atOnce: 16, ...ranges };
    Object.assign(samples, await runCase('waste', { ...parameters, count: wasteRequests }));
  },
  report({ wasteRequests }, sample) {
    const work = `of ${wasteRequests} requests, 16 at once`;
    return [
      {
        work: `unused cache slots ${work}`,
        ...sample,
        value: percent(sample.waste),
        goal: '< 4 %',
        isMet: sample.waste < 0.04,
        note: `mean over ${sample.steps} steps, at most ${percent(sample.highestWaste)}; prompts of 32 to 512, answers of 16 to 256`,
      },
      {
        work: 'the same in static batches',
        value: percent(sample.staticWaste),
        note: `computed: each row reserves its group's longest prompt and answer; ${percent(sample.staticWasteWithFinished)} if what finished rows hold counted as used`,
      },
    ];
  },
};

/** What 4 beams cost over one greedy sequence, in time and in cache. */
export const beams = {
  name: 'beams',
  async sample({ threads, beamTokens, beamRounds }, samples) {
    const shape = { numBeams: 4, promptTokens: 256, newTokens: beamTokens, rounds: beamRounds };
    const parameters = { folder: await gpt2Folder(DTYPE), threads, vocabulary, ...shape };
    collect(samples, 'all', await runCase('beams', parameters));
  },
  report({ beamTokens }, { all }) {
    const stepMs = (kind) => median(all.flatMap((run) => run[kind].stepMs));
    const blocks = (kind) => Math.max(...all.map((run) => run[kind].blocks));
    const ratio = stepMs('beams') / stepMs('one');
    const [few, many] = [blocks('beams'), 4 * blocks('one')];
    return [
      {
        work: `a step of 4 beams against a greedy one, ${DTYPE}`,
        ...{ beamStepMs: stepMs('beams'), greedyStepMs: stepMs('one'), ratio },
        value: `${ratio.toFixed(2)} ×`,
        goal: '< 2 ×',
        isMet: ratio < 2,
        note: `${stepMs('beams').toFixed(1)} against ${stepMs('one').toFixed(1)} ms`,
      },
      {
        work: `cache blocks of 4 beams, prompt of 256 and ${beamTokens} new tokens`,
        ...{ beamBlocks: few, separateBlocks: many },
        value: `${few} blocks`,
        note: `${(few / many).toFixed(2)} of the ${many} of four separate sequences; the prompt's ${256 / 16} are shared`,
      },
    ];
  },
};

function percent(share) {
  return `${(100 * share).toFixed(2)} %`;
}

function collect(samples, key, sample) {
  samples[key] ??= [];
  samples[key].push(sample);
}
