import type { AttentionSpan, Backend } from '../backend/backend.ts';
import { openWeights } from '../formats/open-weights.ts';
import type { Linear } from '../nn/linear.ts';
import { Mlp } from '../nn/mlp.ts';
import { type AttentionPattern, MultiHeadAttention } from '../nn/multi-head-attention.ts';
import type { LayerNorm } from '../nn/norm.ts';
import { TransformerDecoderLayer } from '../nn/transformer-decoder-layer.ts';
import { scoped, Tensor } from '../tensor/tensor.ts';
import { layerNormAt, linearAt } from './build-parts.ts';
import { type LoadParametersOptions, loadParameters } from './load-parameters.ts';
import type { Parameters } from './parameters.ts';
import { torchDecoderNaming, torchDecoderParameters } from './torch-decoder-names.ts';
import type { TransformerDecoderConfig } from './transformer-decoder-config.ts';

/** What `TransformerDecoder.forward` takes. */
export interface TransformerDecoderInput extends TransformerDecoderOptions {
  /** (N · Tq · C) values of the decoder's input. */
  readonly target: Float32Array;
  /** (N · Tk · C) values of the encoder's output. */
  readonly memory: Float32Array;
}

/** How the sequences of a `TransformerDecoder` are laid out, and what each position sees. */
export interface TransformerDecoderOptions {
  /** N, sequences that know nothing of each other; 1 unless given. */
  readonly batchSize?: number | undefined;
  /** Position i sees positions up to i; true unless given. */
  readonly causal?: boolean;
  /** (Tq · Tq), added to the scores of self-attention. */
  readonly targetMask?: Float32Array | undefined;
  /** (Tq · Tk), added to the scores of cross-attention. */
  readonly memoryMask?: Float32Array | undefined;
  /** Sees every sublayer's output, by path: `layers.0.crossAttention`. */
  readonly observe?: ((path: string, output: Tensor) => void) | undefined;
}

/** The decoder of Vaswani et al. 2017: layers of masked self-attention, cross-attention and feed-forward. */
export class TransformerDecoder {
  readonly config: TransformerDecoderConfig;
  readonly layers: readonly TransformerDecoderLayer[];
  readonly finalNorm: LayerNorm | undefined;
  readonly parameters: Parameters;

  constructor(config: TransformerDecoderConfig, parameters: Parameters) {
    if (config.modelSize % config.numHeads !== 0)
      throw new RangeError(
        `Cannot make a decoder: ${config.modelSize} channels do not divide into ${config.numHeads} heads`,
      );
    this.config = config;
    this.parameters = parameters;
    this.layers = Array.from({ length: config.numLayers }, (_, i) => this.#layer(`layers.${i}`));
    this.finalNorm = config.hasFinalNorm === true ? this.#norm('finalNorm') : undefined;
  }

  /**
   * Loads the state dict of a `torch.nn.TransformerDecoder`, saved under PyTorch's own names, from a safetensors file.
   * Throws as `openWeights` does, and an `Error` that lists all missing, misshapen and unexpected tensors.
   *
   * @example
   * const decoder = await TransformerDecoder.load(backend, 'decoder.safetensors', {
   *   modelSize: 512, numHeads: 8, numLayers: 6, feedForwardSize: 2048,
   * });
   * const hidden = await decoder.forward({ target, memory }); // (Tq · 512)
   */
  static async load(
    backend: Backend,
    location: string,
    config: TransformerDecoderConfig,
    options: LoadParametersOptions = {},
  ): Promise<TransformerDecoder> {
    const source = await openWeights(location, { signal: options.signal });
    try {
      const parameters = await loadParameters(
        backend,
        torchDecoderParameters(config),
        torchDecoderNaming(config),
        source,
        options,
      );
      return new TransformerDecoder(config, parameters);
    } finally {
      await source.close();
    }
  }

  /**
   * The output of the last layer, after the final norm if there is one: (N · Tq · C). Throws a `RangeError` for lengths
   * that do not fit the configuration or each other.
   */
  async forward({ target, memory, ...options }: TransformerDecoderInput): Promise<Float32Array> {
    const { backend } = this.parameters;
    const record = () => {
      const queries = this.#rows('target', target, options.batchSize);
      return this.decode(queries, this.#rows('memory', memory, options.batchSize), options).read();
    };
    return (await backend.scope(record)) as Float32Array;
  }

  /**
   * The output (N · Tq, C) for target (N · Tq, C) and memory (N · Tk, C) on the device; gradients pass through it. Call
   * inside a scope: it records and does not wait.
   */
  decode(target: Tensor, memory: Tensor, options: TransformerDecoderOptions = {}): Tensor {
    const { batchSize = 1, causal = true, observe, targetMask, memoryMask } = options;
    const patterns = {
      self: attentionPattern(batchSize, target, target, causal, targetMask),
      cross: attentionPattern(batchSize, target, memory, false, memoryMask),
    };
    const run = (hidden: Tensor, layer: TransformerDecoderLayer, i: number) =>
      layer.forward(hidden, memory, patterns, (sublayer, value) => observe?.(`layers.${i}.${sublayer}`, value));
    const output = this.layers.reduce(
      (hidden, layer, i) => scoped(target.backend, () => run(hidden, layer, i)),
      target,
    );
    return this.finalNorm === undefined ? output : this.finalNorm.forward(output);
  }

  /** Frees the weights. */
  dispose(): void {
    this.parameters.release();
  }

  #rows(role: string, values: Float32Array, batchSize = 1): Tensor {
    const { modelSize } = this.config;
    if (values.length % (modelSize * batchSize) !== 0)
      throw new RangeError(
        `Cannot run the decoder: ${role} has ${values.length} values, wanted ${batchSize} sequences of rows of ${modelSize}`,
      );
    return Tensor.from(this.parameters.backend, values, [values.length / modelSize, modelSize]);
  }

  #layer(path: string): TransformerDecoderLayer {
    return new TransformerDecoderLayer({
      selfAttention: this.#attention(`${path}.selfAttention`),
      crossAttention: this.#attention(`${path}.crossAttention`),
      feedForward: new Mlp({
        up: this.#linear(`${path}.feedForward.up`),
        down: this.#linear(`${path}.feedForward.down`),
        activation: this.config.activation ?? 'relu',
      }),
      selfAttentionNorm: this.#norm(`${path}.selfAttentionNorm`),
      crossAttentionNorm: this.#norm(`${path}.crossAttentionNorm`),
      feedForwardNorm: this.#norm(`${path}.feedForwardNorm`),
      normPlacement: this.config.normPlacement ?? 'post',
    });
  }

  #attention(path: string): MultiHeadAttention {
    return new MultiHeadAttention({
      query: this.#linear(`${path}.query`),
      key: this.#linear(`${path}.key`),
      value: this.#linear(`${path}.value`),
      output: this.#linear(`${path}.output`),
      numHeads: this.config.numHeads,
    });
  }

  #linear(path: string): Linear {
    return linearAt(this.parameters, path);
  }

  #norm(path: string): LayerNorm {
    return layerNormAt(this.parameters, path, this.config.normEpsilon ?? 1e-5);
  }
}

/** Each sequence of the batch by itself; all share the mask (Tq, Tk). */
function attentionPattern(
  batchSize: number,
  queries: Tensor,
  keys: Tensor,
  causal: boolean,
  mask: Float32Array | undefined,
): AttentionPattern {
  const [queryLength, keyLength] = [queries.numRows / batchSize, keys.numRows / batchSize];
  const spans: readonly AttentionSpan[] = Array.from({ length: batchSize }, (_, i) => ({
    queryStart: i * queryLength,
    queryLength,
    keyStart: i * keyLength,
    keyLength,
  }));
  if (mask === undefined) return { spans, causal };
  if (mask.length !== queryLength * keyLength)
    throw new RangeError(
      `Cannot run the decoder: a mask of ${mask.length} values, wanted ${queryLength} · ${keyLength}`,
    );
  const repeated = new Float32Array(batchSize * mask.length);
  for (let i = 0; i < batchSize; i++) repeated.set(mask, i * mask.length);
  const values = Tensor.from(queries.backend, repeated, [queries.numRows, keyLength]);
  return { spans, causal, mask: { values: values.buffer, width: keyLength } };
}
