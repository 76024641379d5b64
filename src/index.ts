export type { AdapterConfig, AdapterTargets } from './adapters/adapter-config.ts';
export { adapterFingerprint } from './adapters/adapter-fingerprint.ts';
export type { MergeOptions } from './adapters/load-merged-model.ts';
export { loadMergedModel } from './adapters/load-merged-model.ts';
export type { LoraAdapter } from './adapters/lora-adapter.ts';
export { loadAdapter } from './adapters/lora-adapter.ts';
export { saveAdapter } from './adapters/save-adapter.ts';
export type { TargetedLayer } from './adapters/targeted-layers.ts';
export type {
  Activation,
  AttentionOptions,
  AttentionSpan,
  Backend,
  CacheBlocks,
  CacheShape,
  DeviceBuffer,
  DeviceCache,
  DeviceColumns,
  DeviceMatrix,
  LinearEpilogue,
  MatrixPart,
  MemoryUsage,
  PagedAttentionOptions,
  PagedBatch,
  QuantizedPart,
  RotaryShape,
  TopKShape,
} from './backend/backend.ts';
export { CACHE_BLOCK_SIZE } from './backend/backend.ts';
export type { CacheDType, DType, MatrixDType, MatrixFormat, WeightDType } from './backend/dtype.ts';
export type { EncoderDecoderConfig } from './config/encoder-decoder-config.ts';
export type { GenerationInput } from './config/generation-input.ts';
export type { GenerationDefaults, GenerationOptions } from './config/generation-options.ts';
export type { ModelConfig, PositionConfig, RotaryScaling } from './config/model-config.ts';
export type { BackendOptions, Device } from './create-backend.ts';
export { createBackend, DEVICES } from './create-backend.ts';
export type { BatchLoader, BatchOrder } from './data/batch-loader.ts';
export { chainBatches } from './data/chain-batches.ts';
export type { CountedBatches } from './data/count-target-bytes.ts';
export { countTargetBytes } from './data/count-target-bytes.ts';
export type { DocumentOptions } from './data/document-batches.ts';
export { documentBatches } from './data/document-batches.ts';
export type { DocumentMarks } from './data/encode-documents.ts';
export type { MemoryDatasetOptions, TokenDocument } from './data/memory-dataset.ts';
export { createTokenDataset } from './data/memory-dataset.ts';
export type { MixOptions, MixturePart } from './data/mix-batches.ts';
export { mixBatches } from './data/mix-batches.ts';
export type { PairLoader, PairOptions } from './data/pair-batches.ts';
export { pairBatches } from './data/pair-batches.ts';
export type { PairEncoding } from './data/pair-encoding.ts';
export { pairsAsCompletions } from './data/pairs-as-completions.ts';
export type { PrepareOptions } from './data/prepare-token-dataset.ts';
export { prepareTokenDataset } from './data/prepare-token-dataset.ts';
export { TokenShardError } from './data/shard-format.ts';
export type { OpenDatasetOptions } from './data/sharded-dataset.ts';
export { openTokenDataset } from './data/sharded-dataset.ts';
export type { SplitDataset, SplitOptions } from './data/split-dataset.ts';
export { splitDataset } from './data/split-dataset.ts';
export type { DatasetKind, TextDocument } from './data/text-document.ts';
export type { PlainTextSource, TextSource } from './data/text-source.ts';
export type { DocumentRange, TokenDataset } from './data/token-dataset.ts';
export { tokenizeInMemory } from './data/tokenize-in-memory.ts';
export type { TokenizeOptions, TokenizeProgress } from './data/tokenize-sources.ts';
export type { SourceTokens, TokenSpan, TrainingBatch } from './data/training-batch.ts';
export type { WindowOptions } from './data/window-batches.ts';
export { windowBatches } from './data/window-batches.ts';
export type { Draft, DraftProposer } from './decoding/draft.ts';
export type { ChosenLogProb, GeneratedToken, GenerationResult } from './decoding/generation-output.ts';
export type { DocumentToScore } from './decoding/score-documents.ts';
export type { Continuation, Hypothesis, SearchStrategy } from './decoding/search-strategy.ts';
export type { FinishReason } from './decoding/stopping.ts';
export type { DraftAcceptance } from './decoding/verify-draft.ts';
export { CacheFileError } from './engine/cache-file.ts';
export { restoreSequence, saveSequence } from './engine/cache-file-sequence.ts';
export { Engine, QueueFullError } from './engine/engine.ts';
export type { EngineLimits, EngineOptions } from './engine/engine-options.ts';
export { engineLimits } from './engine/engine-options.ts';
export type { Drafting, EngineRequest, Guidance, RequestReport, ServedAdapter } from './engine/request.ts';
export { promptLookup } from './engine/speculative/prompt-lookup.ts';
export type { SpeculationReport } from './engine/speculative/speculation-report.ts';
export type { EngineEvent, EngineStatistics, EngineTotals, RequestEvent, StepEvent } from './engine/statistics.ts';
export type { StepModel } from './engine/step-model.ts';
export type { BlockType } from './formats/gguf/block-type.ts';
export type { GgufValue } from './formats/gguf/gguf-value.ts';
export type { GgufFile } from './formats/gguf/open-gguf.ts';
export { openGguf } from './formats/gguf/open-gguf.ts';
export { openWeights } from './formats/open-weights.ts';
export type { TensorEntry, WeightSource } from './formats/weight-source.ts';
export { readFloat32, readTensor } from './formats/weight-source.ts';
export { BlockPool } from './kv-cache/block-pool.ts';
export type { CachedSequence } from './kv-cache/cached-sequence.ts';
export type { KvCacheShape, SequenceReads, SequenceTokens } from './kv-cache/paged-kv-cache.ts';
export { PagedKvCache } from './kv-cache/paged-kv-cache.ts';
export type { PrefixBlock, PrefixCacheStatistics } from './kv-cache/prefix-cache.ts';
export { PrefixCache, PrefixCursor } from './kv-cache/prefix-cache.ts';
export type { Alignment, HeadChoice, WordAlignment } from './llm/alignment.ts';
export { alignTokens, alignWords, meanAttention } from './llm/alignment.ts';
export type { CacheFormula, EstimateOptions, MemoryEstimate, MemoryReport } from './llm/estimate-memory.ts';
export { estimateMemory } from './llm/estimate-memory.ts';
export type { Comparison, EvaluateOptions, Evaluation } from './llm/evaluate-documents.ts';
export type { ChatOptions, GenerateOptions, Prompt, RunOptions } from './llm/generate-options.ts';
export type { Generation, Timings } from './llm/generation.ts';
export { LLM } from './llm/llm.ts';
export type { LentOptions, LoadOptions, Progress } from './llm/load-options.ts';
export type { RandomOptions } from './llm/load-parts.ts';
export type { ScoredToken, ScoreOptions, TextScore } from './llm/score-text.ts';
export type { TokenAttentions, TransduceOptions, Transduction } from './llm/transduction.ts';
export type { WordSpan } from './llm/word-spans.ts';
export type { ForwardInput, ForwardOutput } from './models/causal-lm.ts';
export { CausalLM } from './models/causal-lm.ts';
export { type CrossAttentions, crossAttentions } from './models/cross-attentions.ts';
export { EncoderDecoderLM, type SourceEncoder } from './models/encoder-decoder-lm.ts';
export type { GgufDType } from './models/gguf/gguf-tensors.ts';
export type { WriteGgufOptions } from './models/gguf/write-gguf.ts';
export { writeGguf } from './models/gguf/write-gguf.ts';
export type { LanguageModel, LanguageModelDescription } from './models/language-model.ts';
export { describeLanguageModel, loadLanguageModel, loadLanguageModelFrom } from './models/language-model.ts';
export type { EncoderDecoderDescription } from './models/load-encoder-decoder.ts';
export {
  loadEncoderDecoder,
  loadEncoderDecoderFrom,
  parseEncoderDecoderConfig,
} from './models/load-encoder-decoder.ts';
export type { LoadedDType } from './models/load-matrix.ts';
export { describeModel, loadModel, loadModelFrom, parseModelConfig } from './models/load-model.ts';
export type { LoadParametersOptions, LoadProgress } from './models/load-parameters.ts';
export { Logits } from './models/logits.ts';
export { type MatrixFormats, readMatrixFormats } from './models/matrix-formats.ts';
export type { ModelDescription } from './models/model-description.ts';
export type { HiddenStep, LikeliestRows, StepOptions } from './models/model-step.ts';
export type { PastKeyValues } from './models/past-key-values.ts';
export { modelPreset, PRESET_NAMES } from './models/presets.ts';
export { randomWeights } from './models/random-weights.ts';
export { MODEL_TYPES } from './models/registry.ts';
export { saveEncoderDecoder } from './models/save-encoder-decoder.ts';
export { saveLanguageModel } from './models/save-language-model.ts';
export type { SaveModelOptions } from './models/save-model.ts';
export { saveModel } from './models/save-model.ts';
export type { ScoredStep, ScoreEntry } from './models/score-step.ts';
export type { AheadDraw, AheadOptions, StepsAhead } from './models/step-ahead.ts';
export type { TransformerDecoderInput } from './models/transformer-decoder.ts';
export { TransformerDecoder } from './models/transformer-decoder.ts';
export type { TransformerDecoderConfig } from './models/transformer-decoder-config.ts';
export { formatModelConfig } from './models/write-config.ts';
export type { Adapter } from './nn/adapter.ts';
export { causalMask } from './nn/causal-mask.ts';
export type { Observer, StepEntry } from './nn/forward-batch.ts';
export type { LowRank } from './nn/low-rank.ts';
export { attention, pagedAttention, storeKeysValues } from './ops/attention.ts';
export { activate, add, gate, multiply, scale } from './ops/elementwise.ts';
export { embed } from './ops/embed.ts';
export { linear } from './ops/linear.ts';
export { layerNorm, rmsNorm } from './ops/normalize.ts';
export { rotate } from './ops/rotate.ts';
export { addToRows, argmax, gatherRows, sliceColumns, topK } from './ops/rows.ts';
export { logSoftmax, softmax, tokenLogProbs } from './ops/softmax.ts';
export type { GptqOptions } from './quantization/gptq.ts';
export { gptq } from './quantization/gptq.ts';
export { quantizeModel } from './quantization/quantize-model.ts';
export type { QuantizationMethod, QuantizeOptions, QuantizeProgress } from './quantization/quantize-options.ts';
export type { SaveQuantizedOptions } from './quantization/save-quantized-model.ts';
export { saveQuantizedModel } from './quantization/save-quantized-model.ts';
export type { WriteQuantizedGgufOptions } from './quantization/write-quantized-gguf.ts';
export { writeQuantizedGguf } from './quantization/write-quantized-gguf.ts';
export type { QuantizationName, QuantizationScheme } from './quantized/quantization-scheme.ts';
export { describeScheme, QUANTIZATION_NAMES, QUANTIZATIONS } from './quantized/quantization-scheme.ts';
export type { QuantizedMatrix, QuantizedValues } from './quantized/quantized-matrix.ts';
export { dequantize } from './quantized/quantized-matrix.ts';
export { quantizeToNearest } from './quantized/round-to-nearest.ts';
export type { WatermarkDetection } from './sampling/detect-watermark.ts';
export { detectWatermark } from './sampling/detect-watermark.ts';
export type { LikeliestTokens } from './sampling/likeliest-tokens.ts';
export type { LogitsProcessor } from './sampling/logits-processor.ts';
export type { PrefixAllowedTokens } from './sampling/prefix-allowed-tokens.ts';
export { drawToken, likeliestToken } from './sampling/sampler.ts';
export type { SequenceView } from './sampling/sequence-view.ts';
export { Columns } from './tensor/columns.ts';
export { Tensor } from './tensor/tensor.ts';
export { Weight } from './tensor/weight.ts';
export { ByteTokenizer } from './tokenizers/byte-tokenizer.ts';
export type { ChatMessage, RenderOptions } from './tokenizers/chat-template.ts';
export { ChatTemplate } from './tokenizers/chat-template.ts';
export { Detokenizer } from './tokenizers/detokenizer.ts';
export { HuggingFaceTokenizer } from './tokenizers/hugging-face-tokenizer.ts';
export { loadTokenizer } from './tokenizers/load-tokenizer.ts';
export { loadSourceTargetTokenizer } from './tokenizers/source-target/load-source-target-tokenizer.ts';
export type {
  SourceLanguages,
  SourceTargetTokenizer,
  TargetLanguage,
  TargetStart,
} from './tokenizers/source-target/source-target-tokenizer.ts';
export type { Tokenizer } from './tokenizers/tokenizer.ts';
export type { Corpus } from './tokenizers/training/corpus.ts';
export type { TrainedBpe } from './tokenizers/training/train-bpe.ts';
export { trainBpe } from './tokenizers/training/train-bpe.ts';
export { trainCharacters } from './tokenizers/training/train-characters.ts';
export type { TokenizerFiles, TrainedTokenizer } from './tokenizers/training/trained-tokenizer.ts';
export type {
  BpeTrainingOptions,
  CharacterTrainingOptions,
  TrainingProgress,
} from './tokenizers/training/training-options.ts';
export { CheckpointError } from './training/checkpoint-error.ts';
export { latestCheckpoint } from './training/checkpoint-folder.ts';
export { createEncoderDecoderTarget } from './training/encoder-decoder-target.ts';
export type { EvaluationExtent, LossReport } from './training/evaluate-loss.ts';
export { evaluateLoss } from './training/evaluate-loss.ts';
export {
  type InitialWeightsOptions,
  initialEncoderDecoderWeights,
  initialWeights,
} from './training/initial-weights.ts';
export type { Schedule } from './training/learning-rate.ts';
export { learningRateAt } from './training/learning-rate.ts';
export type { LoraOptions } from './training/lora.ts';
export { createLora } from './training/lora.ts';
export type { LoraTargetOptions } from './training/lora-target.ts';
export { createLoraTarget } from './training/lora-target.ts';
export type { AdamWOptions, OptimizerOptions, SgdOptions } from './training/optimizer.ts';
export type { TokenLossOptions } from './training/token-losses.ts';
export type { TrainOptions } from './training/train.ts';
export { train } from './training/train.ts';
export type { TrainedParameter } from './training/trained-parameters.ts';
export { TrainedParameters } from './training/trained-parameters.ts';
export { Trainer } from './training/trainer.ts';
export type {
  CheckpointOptions,
  EvaluationOptions,
  ScheduleOptions,
  TrainerOptions,
} from './training/trainer-options.ts';
export type { TrainingData } from './training/training-data.ts';
export { TrainingDivergedError } from './training/training-diverged-error.ts';
export type {
  CheckpointEvent,
  EvaluatedStep,
  EvaluationEvent,
  TrainingEvent,
  TrainingResult,
  TrainingStepEvent,
} from './training/training-events.ts';
export type { TrainingTarget } from './training/training-target.ts';
