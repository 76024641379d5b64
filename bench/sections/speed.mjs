import { ensureCheckpoint } from '../checkpoint.mjs';
import { decodeBytes, prefillFlops } from '../model-cost.mjs';
import { runCase } from '../run-child.mjs';
import { GPT2_124M } from '../shapes.mjs';
import { median } from '../statistics.mjs';

export const CHECKPOINT_DTYPE = { float32: 'F32', bfloat16: 'BF16', float16: 'F16' };
/** Of a weight; that of codes includes its share of a scale of 16 bits for each 32. */
export const BYTES = { float32: 4, bfloat16: 2, float16: 2, int8: 1 + 1 / 16, int4: 0.5 + 1 / 16 };
const DECODE_TARGET = { float32: 0.88, bfloat16: 0.85, int8: 0.8, int4: 0.65 };
const PREFILL_TARGET = { float32: 0.65 };
/** Rows of a step that checks drafts, and how much longer than a step of one it may take. */
const CHECKED_TOKENS = 4;
const VERIFICATION_TARGET = { int8: 1.8, int4: 2.6 };
const PREFILL_TOKENS = 512;
const ATTENTION_CONTEXT = 1024;

/** Folder of the random GPT-2 with weights of a dtype. */
export function gpt2Folder(dtype) {
  return ensureCheckpoint(GPT2_124M, CHECKPOINT_DTYPE[dtype]);
}

/** What `LLM.load` takes for weights of a dtype, codes included: those are rounded from float32. */
export async function gpt2Weights(dtype) {
  return { folder: await gpt2Folder(isFloat(dtype) ? dtype : 'float32'), dtype };
}

export function isFloat(dtype) {
  return dtype in CHECKPOINT_DTYPE;
}

// Sections with a roof are followed by another measurement of the machine, so that both see the same weather.

/** Tokens per second at batch 1, as a share of the rate at which memory could deliver the bytes. */
export const decode = {
  name: 'decode',
  hasRoof: true,
  async sample({ threads, dtypes, tokens }, samples) {
    for (const dtype of dtypes) {
      const parameters = { ...(await gpt2Weights(dtype)), threads, vocabulary: GPT2_124M.vocabulary, tokens };
      collect(samples, dtype, await runCase('decode', parameters));
    }
  },
  report({ machine }, samples) {
    return Object.entries(samples).map(([dtype, runs]) => {
      const seconds = median(runs.flatMap(({ tokenMs }) => tokenMs)) / 1000;
      const bytes = decodeBytes(GPT2_124M, BYTES[dtype], runs[0].meanContext);
      return {
        work: `decode, batch 1, ${dtype}`,
        tokensPerSecond: 1 / seconds,
        bytesPerToken: bytes,
        share: bytes / seconds / machine.readBytesPerSecond,
        shareOf: 'read bandwidth',
        target: DECODE_TARGET[dtype],
        firstTokenMs: median(runs.map(({ firstTokenMs }) => firstTokenMs)),
        value: `${(1 / seconds).toFixed(1)} tokens/s`,
        note: `first token of the process after ${median(runs.map(({ firstTokenMs }) => firstTokenMs)).toFixed(0)} ms`,
      };
    });
  },
};

/** Tokens per second of a prompt of 512, as a share of the multiply-add peak. */
export const prefill = {
  name: 'prefill',
  hasRoof: true,
  async sample({ threads, dtypes, prefillRounds }, samples) {
    for (const dtype of dtypes) {
      const parameters = {
        ...(await gpt2Weights(dtype)),
        threads,
        vocabulary: GPT2_124M.vocabulary,
        tokens: PREFILL_TOKENS,
        rounds: prefillRounds,
      };
      collect(samples, dtype, await runCase('prefill', parameters));
    }
  },
  report({ machine }, samples) {
    return Object.entries(samples).map(([dtype, runs]) => {
      const seconds = median(runs.flatMap(({ prefillMs }) => prefillMs)) / 1000;
      const flops = prefillFlops(GPT2_124M, PREFILL_TOKENS);
      return {
        work: `prefill ${PREFILL_TOKENS}, ${dtype}`,
        tokensPerSecond: PREFILL_TOKENS / seconds,
        flops,
        share: flops / seconds / machine.multiplyAddFlops,
        shareOf: 'multiply-add peak',
        target: PREFILL_TARGET[dtype],
        value: `${(PREFILL_TOKENS / seconds).toFixed(0)} tokens/s`,
        note: `first of the process ${(PREFILL_TOKENS / median(runs.map(({ firstMs }) => firstMs / 1000))).toFixed(0)} tokens/s`,
      };
    });
  },
};

/** Milliseconds of a step of four tokens of one sequence, as a multiple of a step of one. */
export const verification = {
  name: 'verification',
  async sample({ threads, dtypes, tokens }, samples) {
    for (const dtype of dtypes) {
      const parameters = { ...(await gpt2Weights(dtype)), threads, vocabulary: GPT2_124M.vocabulary, tokens };
      collect(samples, dtype, await runCase('verification', { ...parameters, rows: CHECKED_TOKENS }));
    }
  },
  report(_, samples) {
    return Object.entries(samples).map(([dtype, runs]) => {
      const one = median(runs.flatMap(({ oneMs }) => oneMs));
      const many = median(runs.flatMap(({ manyMs }) => manyMs));
      const wanted = VERIFICATION_TARGET[dtype];
      return {
        work: `a step of ${CHECKED_TOKENS} tokens, ${dtype}`,
        ...{ oneMs: one, manyMs: many, ratio: many / one },
        value: `${many.toFixed(1)} ms`,
        note: `${(many / one).toFixed(2)} × a step of one`,
        ...(wanted === undefined ? {} : { goal: `≤ ${wanted} × one`, isMet: many / one <= wanted }),
      };
    });
  },
};

/** Decode attention alone, as a share of the rate at which memory could deliver keys and values. */
export const attention = {
  name: 'attention',
  hasRoof: true,
  async sample({ threads, attentionRounds }, samples) {
    const { layers, heads, kvHeads, channels } = GPT2_124M;
    const shape = { layers, heads, kvHeads, headSize: channels / heads, context: ATTENTION_CONTEXT };
    collect(samples, 'all', await runCase('attention', { threads, ...shape, rounds: attentionRounds }));
  },
  report({ machine }, { all: runs }) {
    const seconds = median(runs.flatMap(({ seconds }) => seconds));
    const rate = runs[0].bytes / seconds;
    return [
      {
        work: `decode attention, ${ATTENTION_CONTEXT} cached tokens`,
        secondsPerToken: seconds,
        bytesPerSecond: rate,
        share: rate / machine.readBytesPerSecond,
        shareOf: 'read bandwidth',
        target: 0.75,
        value: `${(seconds * 1000).toFixed(2)} ms a token`,
        note: `${(rate / 1e9).toFixed(1)} GB/s over ${GPT2_124M.layers} layers`,
      },
    ];
  },
};

/** Tokens per second of a model of 260K parameters: the engine's own cost. */
export const tiny = {
  name: 'tiny',
  async sample({ threads, tinyShape, tokens }, samples) {
    const folder = await ensureCheckpoint(tinyShape, 'F32');
    collect(
      samples,
      'all',
      await runCase('tiny', { folder, threads, vocabulary: tinyShape.vocabulary, tokens: 4 * tokens }),
    );
  },
  report(_, { all: runs }) {
    const seconds = median(runs.flatMap(({ tokenMs }) => tokenMs)) / 1000;
    return [
      {
        work: 'decode, random Llama of 260K parameters',
        tokensPerSecond: 1 / seconds,
        value: `${(1 / seconds).toFixed(0)} tokens/s`,
        note: `${(seconds * 1e6).toFixed(0)} µs a token, nearly all of it the engine's own cost`,
      },
    ];
  },
};

function collect(samples, key, sample) {
  samples[key] ??= [];
  samples[key].push(sample);
}
