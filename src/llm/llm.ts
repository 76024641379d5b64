import { type Backend, CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import { eitherSignal } from '../base/either-signal.ts';
import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import type { GenerationDefaults } from '../config/generation-options.ts';
import type { ModelConfig } from '../config/model-config.ts';
import type { GeneratedToken } from '../decoding/generation-output.ts';
import type { DocumentToScore } from '../decoding/score-documents.ts';
import { Engine } from '../engine/engine.ts';
import { engineLimits } from '../engine/engine-options.ts';
import { DraftModel } from '../engine/speculative/draft-model.ts';
import type { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import {
  expectCausal,
  expectEncoder,
  type LanguageModel,
  type LanguageModelDescription,
} from '../models/language-model.ts';
import type { Adapter } from '../nn/adapter.ts';
import type { ChatMessage, ChatTemplate, RenderOptions } from '../tokenizers/chat-template.ts';
import { Detokenizer } from '../tokenizers/detokenizer.ts';
import type { SourceTargetTokenizer } from '../tokenizers/source-target/source-target-tokenizer.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { MemoryReport } from './estimate-memory.ts';
import {
  type EvaluateOptions,
  type Evaluation,
  evaluateDocuments,
  type ModelToEvaluate,
} from './evaluate-documents.ts';
import type { ChatOptions, GenerateOptions, Prompt } from './generate-options.ts';
import { type Generation, toGeneration } from './generation.ts';
import { type InputReader, readerFor } from './generation-inputs.ts';
import {
  type CacheOptions,
  checkLentOptions,
  chooseCacheTokens,
  chooseContextLength,
  type LentOptions,
  type LoadOptions,
} from './load-options.ts';
import { givenAssets, type LoadedParts, loadParts, type RandomOptions, randomParts } from './load-parts.ts';
import { modelFingerprint } from './model-fingerprint.ts';
import { NamedAdapters } from './named-adapters.ts';
import { type PreparedGeneration, prepareGeneration } from './prepare-generation.ts';
import { readScoreInputs } from './score-inputs.ts';
import { type ScoreOptions, scoreInputs, type TextScore } from './score-text.ts';
import { TokenSearch } from './token-search.ts';
import { streamFrom } from './token-stream.ts';
import { type TransduceOptions, type Transduction, toTransduction } from './transduction.ts';

/**
 * A language model with its tokenizer: text in, text out.
 *
 * @example
 * await using llm = await LLM.load('path/to/model');
 * const { text } = await llm.generate('Once upon a time', { maxNewTokens: 50 });
 * for await (const { text } of llm.stream('Once upon a time')) process.stdout.write(text);
 */
export class LLM {
  readonly model: LanguageModel;
  /** Of what is generated; sources may have another, see `sourceTarget`. */
  readonly tokenizer: Tokenizer | undefined;
  /** Reads sources and knows languages, in models with an encoder. */
  readonly sourceTarget: SourceTargetTokenizer | undefined;
  /** The longest sequence, prompt included; in models with an encoder the longest target. */
  readonly contextLength: number;
  /** What the model's generation_config.json says. */
  readonly defaults: GenerationDefaults;
  readonly #chatTemplate: ChatTemplate | undefined;
  readonly #tokenSearch: TokenSearch | undefined;
  readonly #reader: InputReader;
  /** Serves all requests; its statistics and events are here. */
  readonly engine: Engine;
  readonly #cache: PagedKvCache;
  readonly #draftModel: DraftModel | undefined;
  readonly #adapters: NamedAdapters;
  readonly #weightBytes: number;
  /** Whether model and device are someone else's. */
  readonly #isLent: boolean;
  /** Texts are scored one after the other. */
  #lastScore: Promise<unknown> = Promise.resolve();
  #isDisposed = false;

  private constructor(
    { model, assets, draft, adapters }: LoadedParts,
    options: CacheOptions,
    { isLent }: { readonly isLent: boolean } = { isLent: false },
  ) {
    this.model = model;
    this.#isLent = isLent;
    this.#adapters = adapters;
    this.tokenizer = assets.tokenizer;
    this.sourceTarget = assets.sourceTarget;
    this.defaults = assets.defaults;
    this.#reader = readerFor(model.config, assets);
    this.contextLength = chooseContextLength(options.contextLength, model);
    this.#chatTemplate = assets.chatTemplate;
    this.#tokenSearch = assets.tokenizer && new TokenSearch(assets.tokenizer);
    this.#weightBytes = model.backend.memoryUsage().allocatedBytes;
    const cacheTokens = chooseCacheTokens(options.cacheTokens, this.contextLength, model);
    const limits = engineLimits(options);
    const { cacheDType = 'float32' } = options;
    this.#cache = model.createCache(cacheTokens, 1, cacheDType);
    const vocabularies = { targetVocabSize: model.config.vocabSize, sourceVocabSize: model.encoder?.vocabSize };
    this.#draftModel = draft && new DraftModel(draft, draft.createCache(cacheTokens, 1, cacheDType), vocabularies);
    this.engine = new Engine(model, this.#cache, limits, this.#draftModel);
  }

  /**
   * Loads a model from a Hugging Face folder, or by its hub id (`org/name`) through the Hugging Face cache. Throws a
   * `TypeError` for unknown options, an `Error` that says what is missing or malformed, a `RangeError` when the device
   * has too little memory, and the signal's reason when it aborts. Nothing stays behind.
   *
   * @example
   * const llm = await LLM.load('openai-community/gpt2', { dtype: 'bfloat16', onProgress: console.log });
   */
  static load(pathOrHubId: string, options: LoadOptions = {}): Promise<LLM> {
    return loadParts(pathOrHubId, options, (parts) => new LLM(parts, options));
  }

  /**
   * A model of the given configuration whose weights are drawn at random, the same for the same `seed` (0 unless
   * given): for trying things without a checkpoint.
   *
   * @example
   * const llm = await LLM.random(modelPreset('gpt2'), { contextLength: 64 });
   * const { tokenIds } = await llm.generate([464, 3290], { maxNewTokens: 4 });
   */
  static random(description: LanguageModelDescription, options: RandomOptions = {}): Promise<LLM> {
    return randomParts(description, options, (parts) => new LLM(parts, options));
  }

  /**
   * Text for a model that is there already, such as one that is being trained. Model, device and adapters stay the caller's:
   * `dispose` frees the cache alone. What the cache holds is of the weights as they are now: once they have changed, make
   * another. Throws a `TypeError` or `RangeError` for options that cannot be.
   *
   * @example
   * const llm = await LLM.over(model, { tokenizer });
   * const { text } = await llm.generate('Once upon a time', { maxNewTokens: 50 });
   * await llm.dispose();
   */
  static async over(model: LanguageModel, options: LentOptions = {}): Promise<LLM> {
    checkLentOptions(options);
    const { tokenizer, chatTemplate, adapters = {} } = options;
    const assets = givenAssets(model, { tokenizer, chatTemplate });
    const named = await NamedAdapters.of(adapters);
    return new LLM({ model, assets, draft: undefined, adapters: named }, options, { isLent: true });
  }

  get backend(): Backend {
    return this.model.backend;
  }

  get config(): ModelConfig | EncoderDecoderConfig {
    return this.model.config;
  }

  /** The names of the adapters that were loaded with the model. */
  get adapters(): readonly string[] {
    return this.#adapters.names;
  }

  /** The adapter of a name, as requests choose it. Throws a `RangeError` for an unknown name. */
  adapter(name: string): Adapter {
    return this.#adapters.find(name, 'find an adapter')!.adapter;
  }

  /** The model, if it has no encoder; a `TypeError` otherwise. */
  get causalLM(): CausalLM {
    return expectCausal(this.model, 'continue a text');
  }

  /** The tokens of a text, with what the model expects around it. Throws an `Error` if the model has no tokenizer. */
  encode(text: string): number[] {
    return this.#requireTokenizer('encode a text').encode(text);
  }

  /**
   * Continues a prompt, given as text or as token ids, or several prompts at once, which gives their generations in order. A
   * model with an encoder reads the prompt as its source and generates the target.
   * Options carry our names, Hugging Face's or OpenAI's; what they leave out comes from generation_config.json. Calls that
   * are made at the same time share the model's steps, and none shows in another's result.
   *
   * Throws a `TypeError` or `RangeError` for options that cannot be, a `RangeError` for a prompt that leaves no room in the
   * context or a request that the cache could never hold, and for logits that are not finite; a `QueueFullError` when too
   * many wait; and the signal's reason.
   *
   * @example
   * const { text } = await llm.generate('Once upon a time', { maxNewTokens: 50, temperature: 0.8, seed: 7 });
   * const [cat, dog] = await llm.generate(['The cat', 'The dog'], { numBeams: 4 });
   */
  generate(prompt: Prompt, options?: GenerateOptions): Promise<Generation>;
  generate(prompts: readonly Prompt[], options?: GenerateOptions): Promise<Generation[]>;
  async generate(
    prompt: Prompt | readonly Prompt[],
    options: GenerateOptions = {},
  ): Promise<Generation | Generation[]> {
    if (!isBatch(prompt)) return this.#run(this.#prepare(prompt, options));
    return this.#runAll(prompt, options, (prepared) => this.#run(prepared));
  }

  /**
   * Makes a text of a text, or of each of several at once: what an encoder-decoder model was trained for. It is `generate` of such
   * a model, which also tells what the model read and, with `attentions`, where it looked. Throws as `generate`, and a `TypeError`
   * for a model without an encoder.
   *
   * @example
   * const { text } = await llm.transduce('the third of March 1998');
   * const { attentions } = await llm.transduce('half past two', { attentions: true });
   */
  transduce(source: Prompt, options?: TransduceOptions): Promise<Transduction>;
  transduce(sources: readonly Prompt[], options?: TransduceOptions): Promise<Transduction[]>;
  async transduce(
    source: Prompt | readonly Prompt[],
    { attentions = false, ...options }: TransduceOptions = {},
  ): Promise<Transduction | Transduction[]> {
    const model = expectEncoder(this.model, 'transduce a text');
    const run = async (prepared: PreparedGeneration) => {
      const generation = await this.#run(prepared);
      return toTransduction(generation, prepared.request, { model, texts: this.sourceTarget, attentions });
    };
    if (!isBatch(source)) return run(this.#prepare(source, options));
    return this.#runAll(source, options, run);
  }

  /**
   * Translates a text, or several at once: `transduce` with languages, as far as the model is told any (`sourceTarget.languages`
   * has their codes). Throws as `transduce`, a `TypeError` for a language that is missing or of no use, and a `RangeError` for an
   * unknown one.
   *
   * @example
   * const { text } = await llm.translate('Good morning', { from: 'eng_Latn', to: 'fra_Latn', numBeams: 4 });
   */
  translate(text: Prompt, options?: TransduceOptions): Promise<Transduction>;
  translate(texts: readonly Prompt[], options?: TransduceOptions): Promise<Transduction[]>;
  translate(text: Prompt | readonly Prompt[], options: TransduceOptions = {}): Promise<Transduction | Transduction[]> {
    return isBatch(text) ? this.transduce(text, options) : this.transduce(text, options);
  }

  /**
   * Continues a prompt and yields each token with the text it makes final; the generator's return value is the whole.
   * Nothing is computed before the first token is asked for; leaving the loop frees the sequence. Throws as `generate`, and
   * a `TypeError` where the text is not settled before the end (beams, `bestOf`).
   *
   * @example
   * for await (const { text } of llm.stream('Once upon a time')) process.stdout.write(text);
   */
  async *stream(prompt: Prompt, options: GenerateOptions = {}): AsyncGenerator<GeneratedToken, Generation, void> {
    const left = new AbortController();
    const signal = eitherSignal(options.signal, left.signal);
    try {
      return yield* streamFrom<GeneratedToken, Generation>((push) =>
        this.#run(this.#prepare(prompt, { ...options, signal }, push)),
      );
    } finally {
      left.abort();
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
   * is read in windows that begin every `stride` tokens (half the context unless given). A model with an encoder scores the text as
   * the target of a `source`, with its end. Throws a `RangeError` for a text of less than two tokens, a source or target that is too
   * long, an impossible stride and an unknown adapter; a `TypeError` for a source that is missing or of no use; and the signal's
   * reason.
   *
   * @example
   * const { perplexity } = await llm.score('Once upon a time, there was a little girl.');
   * const { logProb } = await translator.score('Guten Morgen', { source: 'Good morning' });
   */
  async score(text: Prompt, options: ScoreOptions = {}): Promise<TextScore> {
    this.#expectAlive();
    const { source, from, to, stride, adapter: name, onProgress, signal, ...unknown } = options;
    for (const name of Object.keys(unknown)) throw new TypeError(`Cannot score a text: unknown option "${name}"`);
    const adapter = this.#adapters.find(name, 'score a text')?.adapter;
    const { model, contextLength, config, tokenizer, sourceTarget, defaults } = this;
    const assets = { tokenizer, sourceTarget, defaults };
    const inputs = readScoreInputs(text, { source, from, to, stride }, { config, assets });
    const scored = this.#lastScore.then(() => {
      signal?.throwIfAborted();
      const cacheDType = this.#cache.dtype;
      return scoreInputs(inputs, { model, adapter, contextLength, cacheDType, stride, signal }, onProgress);
    });
    this.#lastScore = scored.catch(() => {});
    const { tokenLogProbs, logProb, perplexity } = await scored;
    const ids = 'textIds' in inputs ? inputs.textIds : inputs.targetIds;
    const texts = this.#textsOf(ids);
    const tokens = ids.map((id, i) => ({ id, text: texts[i]!, logProb: tokenLogProbs[i] }));
    return { tokens, logProb, perplexity };
  }

  /**
   * How well the model predicts documents, each by itself: loss, perplexity and bits per byte, and how far it is from another
   * model. A document is a text, token ids, or token ids of which the first `numGiven` are not predicted; one longer than the
   * context is read in windows as `score` does it. Documents without a token to predict do not count.
   *
   * Throws a `RangeError` where nothing is to be predicted, for an impossible stride, an unknown adapter and models of different
   * vocabularies, and the signal's reason.
   *
   * @example
   * const { perplexity } = await llm.evaluate(['Once upon a time, there was a little girl.']);
   * const quantised = await LLM.load('path/to/quantised');
   * const { comparison } = await quantised.evaluate([text], { against: llm });
   * console.log(comparison?.klDivergence, comparison?.topAgreement);
   */
  async evaluate(
    documents: readonly (Prompt | DocumentToScore)[],
    options: EvaluateOptions<LLM> = {},
  ): Promise<Evaluation> {
    this.#expectAlive();
    const { stride, adapter: name, against, onProgress, signal, ...unknown } = options;
    for (const name of Object.keys(unknown)) throw new TypeError(`Cannot evaluate: unknown option "${name}"`);
    if (against !== undefined) {
      against.#expectAlive();
      expectSameVocabulary(this.config, against.config);
    }
    const contextLength = Math.min(this.contextLength, against?.contextLength ?? this.contextLength);
    const tokenized = documents.map((one) =>
      typeof one === 'string' ? { tokenIds: this.encode(one) } : isTokenIds(one) ? { tokenIds: one } : one,
    );
    const input = { documents: tokenized, contextLength, stride, tokenizer: this.tokenizer, onProgress, signal };
    const other = against === undefined ? undefined : against.#withAdapter(name);
    return evaluateDocuments(this.#withAdapter(name), other, input);
  }

  /**
   * What the prefix cache holds, as the bytes of a file: the texts that were read and written, so that later processes need
   * not compute them again. Throws an `Error` if the prefix cache is switched off.
   *
   * @example
   * await writeFile('manual.kvcache', await llm.saveCache());
   * await llm.restoreCache(await readFile('manual.kvcache'));
   */
  async saveCache(): Promise<Uint8Array<ArrayBuffer>> {
    this.#expectAlive();
    return this.engine.savePrefixes(await modelFingerprint(expectCausal(this.model, 'save the cache')));
  }

  /**
   * Takes what `saveCache` made, as far as there is room for it, and gives the number of tokens. Throws a `CacheFileError`
   * for a file that is damaged or was made with other weights or numerics: what it holds will be computed again.
   */
  async restoreCache(bytes: Uint8Array): Promise<number> {
    this.#expectAlive();
    const fingerprint = await modelFingerprint(expectCausal(this.model, 'restore the cache'));
    return CACHE_BLOCK_SIZE * (await this.engine.restorePrefixes(bytes, fingerprint));
  }

  /** What the model has taken on the device, in bytes; `estimateMemory` predicts it. */
  memory(): MemoryReport {
    const { peakBytes } = this.backend.memoryUsage();
    const kvCacheBytes = this.#cache.byteLength;
    const workspaceBytes = Math.max(0, peakBytes - this.#weightBytes - kvCacheBytes);
    return { weightBytes: this.#weightBytes, kvCacheBytes, workspaceBytes };
  }

  /** Stops the device and frees everything, or of a lent model the cache; calling it twice is allowed. */
  async dispose(): Promise<void> {
    const wasDisposed = this.#isDisposed;
    this.#isDisposed = true;
    this.engine.dispose();
    if (!this.#isLent) await this.backend.dispose();
    else if (!wasDisposed) this.#cache.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** Runs all at once. One request that fails takes the others with it. */
  async #runAll<Result>(
    prompts: readonly Prompt[],
    options: GenerateOptions,
    run: (prepared: PreparedGeneration) => Promise<Result>,
  ): Promise<Result[]> {
    const failure = new AbortController();
    const signal = eitherSignal(options.signal, failure.signal);
    const prepared = prompts.map((prompt) => this.#prepare(prompt, { ...options, signal }));
    try {
      return await Promise.all(prepared.map(run));
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  }

  async #run({ search, request }: PreparedGeneration): Promise<Generation> {
    const report = await this.engine.submit(request);
    return toGeneration(search.results(), report);
  }

  #prepare(prompt: Prompt, options: GenerateOptions, onToken?: (token: GeneratedToken) => void): PreparedGeneration {
    this.#expectAlive();
    const { tokenizer, defaults, contextLength } = this;
    const { vocabSize } = this.config;
    const hasDraftModel = this.#draftModel !== undefined;
    const [tokenSearch, adapters, reader] = [this.#tokenSearch, this.#adapters, this.#reader];
    const context = { tokenizer, reader, tokenSearch, defaults, contextLength, vocabSize, hasDraftModel, adapters };
    return prepareGeneration(context, prompt, options, onToken);
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

  #withAdapter(name: string | undefined): ModelToEvaluate {
    const model = expectCausal(this.model, 'evaluate');
    return { model, cacheDType: this.#cache.dtype, adapter: this.#adapters.find(name, 'evaluate')?.adapter };
  }

  #requireTokenizer(action: string): Tokenizer {
    if (this.tokenizer !== undefined) return this.tokenizer;
    throw new Error(`Cannot ${action}: the model's folder has no tokenizer.json; give token ids instead`);
  }

  #expectAlive(): void {
    if (this.#isDisposed) throw new Error('Cannot use the model: it is disposed');
  }
}

function isBatch(prompt: Prompt | readonly Prompt[]): prompt is readonly Prompt[] {
  return typeof prompt !== 'string' && prompt.length > 0 && typeof prompt[0] !== 'number';
}

function isTokenIds(document: readonly number[] | DocumentToScore): document is readonly number[] {
  return Array.isArray(document);
}

/** Their distributions are compared token by token. */
function expectSameVocabulary(config: LLM['config'], other: LLM['config']): void {
  if (config.vocabSize === other.vocabSize) return;
  throw new RangeError(
    `Cannot evaluate: the model has ${config.vocabSize} tokens, but the one to compare with ${other.vocabSize}`,
  );
}
