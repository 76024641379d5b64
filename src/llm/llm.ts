import type { Backend } from '../backend/backend.ts';
import type { GenerationInput } from '../config/generation-input.ts';
import { type GenerationDefaults, parseGenerationOptions } from '../config/generation-options.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { type BackendOptions, createBackend } from '../create-backend.ts';
import { generateTokens } from '../decoding/generate.ts';
import type { GeneratedToken, GenerationResult } from '../decoding/generation-output.ts';
import { scoreTokens } from '../decoding/score.ts';
import { lengthLimits } from '../decoding/stopping.ts';
import { resolveModel } from '../hub/resolve-model.ts';
import { BlockReservations } from '../kv-cache/block-reservations.ts';
import { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import { loadModel, loadModelFrom, type ModelDescription } from '../models/load-model.ts';
import { randomWeights } from '../models/random-weights.ts';
import type { ChatMessage, ChatTemplate, RenderOptions } from '../tokenizers/chat-template.ts';
import { Detokenizer } from '../tokenizers/detokenizer.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { checkLoadOptions, chooseContextLength, type LoadOptions } from './load-options.ts';
import { SequenceRunner } from './sequence-runner.ts';
import { defaultsOf, loadTextAssets, type TextAssets } from './text-assets.ts';
import { Stopwatch, type Timings } from './timings.ts';

/** What `generate` takes beside the generation options themselves. */
export interface RunOptions {
  /** Stops at the next step and frees the sequence's cache; what a stream has given out stays valid. */
  readonly signal?: AbortSignal | undefined;
  /** false computes every token anew at each step: slow, and the same result; for study. */
  readonly useCache?: boolean | undefined;
  /** Hugging Face's name of `useCache`. */
  readonly use_cache?: boolean | undefined;
}

/** Generation options by any of their names, and how to run. */
export type GenerateOptions = GenerationInput & RunOptions;

/** Options of a generation, and the tools and variables that the chat template is given. */
export type ChatOptions = GenerateOptions & Omit<RenderOptions, 'addGenerationPrompt'>;

/** A finished generation. */
export interface Generation extends GenerationResult {
  readonly timings: Timings;
}

/** A token of a scored text. */
export interface ScoredToken {
  readonly id: number;
  readonly text: string;
  /** Natural log probability given the tokens before it; the first token has none. */
  readonly logProb: number | undefined;
}

/** How likely a text is. */
export interface TextScore {
  readonly tokens: readonly ScoredToken[];
  /** Sum over all tokens but the first: the log of the sequence's probability. */
  readonly logProb: number;
  /** exp(−logProb / (n − 1)) of n tokens. */
  readonly perplexity: number;
}

/** Bytes on the device, measured. */
export interface MemoryReport {
  readonly weightBytes: number;
  readonly kvCacheBytes: number;
  /** The most that activations and scratch have taken so far. */
  readonly workspaceBytes: number;
}

/**
 * A language model with its tokenizer: text in, text out.
 *
 * @example
 * await using llm = await LLM.load('path/to/model');
 * const { text } = await llm.generate('Once upon a time', { maxNewTokens: 50 });
 * for await (const { text } of llm.stream('Once upon a time')) process.stdout.write(text);
 */
export class LLM {
  readonly model: CausalLM;
  readonly tokenizer: Tokenizer | undefined;
  /** The longest sequence, prompt included. */
  readonly contextLength: number;
  /** What the model's generation_config.json says. */
  readonly defaults: GenerationDefaults;
  readonly #chatTemplate: ChatTemplate | undefined;
  readonly #cache: PagedKvCache;
  readonly #reservations: BlockReservations;
  readonly #weightBytes: number;
  #isDisposed = false;

  private constructor(model: CausalLM, assets: TextAssets, contextLength: number, weightBytes: number) {
    this.model = model;
    this.tokenizer = assets.tokenizer;
    this.defaults = assets.defaults;
    this.contextLength = contextLength;
    this.#chatTemplate = assets.chatTemplate;
    this.#cache = model.createCache(contextLength);
    this.#reservations = new BlockReservations(this.#cache.pool.numBlocks);
    this.#weightBytes = weightBytes;
  }

  /**
   * Loads a model from a Hugging Face folder, or by its hub id (`org/name`) through the Hugging Face cache. Throws a
   * `TypeError` for unknown options, an `Error` that says what is missing or malformed, a `RangeError` when the device
   * has too little memory, and the signal's reason when it aborts. Nothing stays behind.
   *
   * @example
   * const llm = await LLM.load('openai-community/gpt2', { dtype: 'bfloat16', onProgress: console.log });
   */
  static async load(pathOrHubId: string, options: LoadOptions = {}): Promise<LLM> {
    checkLoadOptions(options);
    const { dtype, signal, onProgress } = options;
    const folder = await resolveModel(pathOrHubId, { revision: options.revision, signal, onProgress });
    return onBackend(options, async (backend) => {
      const model = await loadModel(backend, folder, { dtype, signal, onProgress });
      const assets = await loadTextAssets(folder, model.config, { signal });
      return LLM.#create(model, assets, options.contextLength);
    });
  }

  /**
   * A model of the given configuration whose weights are drawn at random, the same for the same `seed` (0 unless
   * given): for trying things without a checkpoint.
   *
   * @example
   * const llm = await LLM.random(modelPreset('gpt2'), { contextLength: 64 });
   * const { tokenIds } = await llm.generate([464, 3290], { maxNewTokens: 4 });
   */
  static async random(
    description: ModelDescription,
    options: LoadOptions & {
      readonly tokenizer?: Tokenizer | undefined;
      readonly chatTemplate?: ChatTemplate | undefined;
      readonly seed?: number | undefined;
    } = {},
  ): Promise<LLM> {
    const { tokenizer, chatTemplate, seed = 0, ...loadOptions } = options;
    checkLoadOptions(loadOptions);
    const { dtype, signal, onProgress } = loadOptions;
    return onBackend(loadOptions, async (backend) => {
      const source = randomWeights(description, seed);
      const model = await loadModelFrom(backend, description, source, { dtype, signal, onProgress });
      const assets = { tokenizer, chatTemplate, defaults: defaultsOf(model.config) };
      return LLM.#create(model, assets, loadOptions.contextLength);
    });
  }

  static #create(model: CausalLM, assets: TextAssets, contextLength: number | undefined): LLM {
    const weightBytes = model.backend.memoryUsage().allocatedBytes;
    return new LLM(model, assets, chooseContextLength(contextLength, model.config.maxPositions), weightBytes);
  }

  get backend(): Backend {
    return this.model.backend;
  }

  get config(): ModelConfig {
    return this.model.config;
  }

  /** The tokens of a text, with what the model expects around it. Throws an `Error` if the model has no tokenizer. */
  encode(text: string): number[] {
    return this.#requireTokenizer('encode a text').encode(text);
  }

  /**
   * Continues a prompt, given as text or as token ids. Options carry our names, Hugging Face's or OpenAI's; what they
   * leave out comes from generation_config.json. Throws a `TypeError` or `RangeError` for options that cannot be, a
   * `RangeError` for a prompt that leaves no room in the context and for logits that are not finite, and the signal's
   * reason.
   *
   * @example
   * const { text } = await llm.generate('Once upon a time', { maxNewTokens: 50, temperature: 0.8, seed: 7 });
   */
  async generate(prompt: string | readonly number[], options: GenerateOptions = {}): Promise<Generation> {
    const stream = this.stream(prompt, options);
    for (;;) {
      const next = await stream.next();
      if (next.done) return next.value;
    }
  }

  /**
   * Continues a prompt and yields each token with the text it makes final; the generator's return value is the whole.
   * Nothing is computed before the first token is asked for; leaving the loop frees the sequence. Throws as `generate`.
   *
   * @example
   * for await (const { text } of llm.stream('Once upon a time')) process.stdout.write(text);
   */
  async *stream(
    prompt: string | readonly number[],
    options: GenerateOptions = {},
  ): AsyncGenerator<GeneratedToken, Generation, void> {
    this.#expectAlive();
    const { signal, useCache, use_cache, ...input } = options;
    const isCached = useCache ?? use_cache ?? true;
    const parsed = parseGenerationOptions(input, this.defaults);
    const promptIds = this.#promptIds(prompt);
    const limits = lengthLimits(Math.max(1, promptIds.length), this.contextLength, parsed);
    const numBlocks = PagedKvCache.blocksFor(promptIds.length + limits.max);
    const release = await this.#reservations.reserve(numBlocks, signal);
    const runner = new SequenceRunner(this.model, this.#cache, { useCache: isCached, signal });
    const stopwatch = new Stopwatch();
    try {
      const tokens = generateTokens({
        promptIds,
        options: parsed,
        contextLength: this.contextLength,
        step: (ids) => stopwatch.step(ids.length, () => runner.step(ids)),
        detokenizer: this.tokenizer === undefined ? undefined : new Detokenizer(this.tokenizer, { after: promptIds }),
        bosTokenId: this.defaults.bosTokenId,
        signal,
      });
      const result = yield* tokens;
      return { ...result, timings: stopwatch.timings() };
    } finally {
      runner.release();
      release();
    }
  }

  /**
   * Answers a conversation, written as the model's chat template says. Throws an `Error` if the model has none.
   *
   * @example
   * const { text } = await llm.chat([{ role: 'user', content: 'Tell me a story.' }]);
   */
  async chat(messages: readonly ChatMessage[], options: ChatOptions = {}): Promise<Generation> {
    const { tools, variables, ...rest } = options;
    return this.generate(this.#renderChat(messages, { tools, variables }), rest);
  }

  /** Answers a conversation, token by token: `chat` as `stream`. */
  streamChat(
    messages: readonly ChatMessage[],
    options: ChatOptions = {},
  ): AsyncGenerator<GeneratedToken, Generation, void> {
    const { tools, variables, ...rest } = options;
    return this.stream(this.#renderChat(messages, { tools, variables }), rest);
  }

  /**
   * The log probability of every token of a text and of the whole, and its perplexity. A text longer than the context
   * is read in windows that begin every `stride` tokens (half the context unless given). Throws a `RangeError` for a
   * text of less than two tokens and an impossible stride, and the signal's reason.
   *
   * @example
   * const { perplexity } = await llm.score('Once upon a time, there was a little girl.');
   */
  async score(
    text: string | readonly number[],
    options: { readonly stride?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<TextScore> {
    this.#expectAlive();
    const { stride, signal, ...unknown } = options;
    for (const name of Object.keys(unknown)) throw new TypeError(`Cannot score a text: unknown option "${name}"`);
    const ids = typeof text === 'string' ? this.encode(text) : text;
    const length = Math.min(ids.length, this.contextLength);
    const release = await this.#reservations.reserve(PagedKvCache.blocksFor(length), signal);
    const runner = new SequenceRunner(this.model, this.#cache, { useCache: true, signal });
    try {
      const { tokenLogProbs, logProb, perplexity } = await scoreTokens({
        ids,
        contextLength: this.contextLength,
        stride,
        signal,
        logProbsOf: (window, firstTarget) => runner.scoreWindow(window, firstTarget),
      });
      const texts = this.#textsOf(ids);
      const tokens = ids.map((id, i) => ({ id, text: texts[i]!, logProb: tokenLogProbs[i] }));
      return { tokens, logProb, perplexity };
    } finally {
      runner.release();
      release();
    }
  }

  /** What the model has taken on the device, in bytes; `estimateMemory` predicts it. */
  memory(): MemoryReport {
    const { peakBytes } = this.backend.memoryUsage();
    const kvCacheBytes = this.#cache.byteLength;
    const workspaceBytes = Math.max(0, peakBytes - this.#weightBytes - kvCacheBytes);
    return { weightBytes: this.#weightBytes, kvCacheBytes, workspaceBytes };
  }

  /** Stops the device and frees everything; calling it twice is allowed. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    await this.backend.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #promptIds(prompt: string | readonly number[]): readonly number[] {
    return typeof prompt === 'string' ? this.#requireTokenizer('read a prompt').encode(prompt) : prompt;
  }

  #renderChat(messages: readonly ChatMessage[], options: RenderOptions): readonly number[] {
    const tokenizer = this.#requireTokenizer('read a conversation');
    if (this.#chatTemplate === undefined)
      throw new Error('Cannot write a conversation: the model has no chat template; continue a plain text instead');
    return tokenizer.encode(this.#chatTemplate.render(messages, options), { addSpecialTokens: false });
  }

  /** What each token adds to the text. A character of several tokens comes with its last one. */
  #textsOf(ids: readonly number[]): string[] {
    if (this.tokenizer === undefined) return ids.map(() => '');
    const detokenizer = new Detokenizer(this.tokenizer, { skipSpecialTokens: false });
    const texts = ids.map((id) => detokenizer.push(id));
    texts[texts.length - 1] += detokenizer.flush();
    return texts;
  }

  #requireTokenizer(action: string): Tokenizer {
    if (this.tokenizer !== undefined) return this.tokenizer;
    throw new Error(`Cannot ${action}: the model's folder has no tokenizer.json; give token ids instead`);
  }

  #expectAlive(): void {
    if (this.#isDisposed) throw new Error('Cannot use the model: it is disposed');
  }
}

/** Starts a backend and disposes it again if what is done on it fails. */
async function onBackend(options: BackendOptions, body: (backend: Backend) => Promise<LLM>): Promise<LLM> {
  const { device, threads, numerics } = options;
  const backend = await createBackend({ device, threads, numerics });
  try {
    return await body(backend);
  } catch (error) {
    await backend.dispose();
    throw error;
  }
}
