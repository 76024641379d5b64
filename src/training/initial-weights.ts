import { philox } from '../base/random.ts';
import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import type { WeightSource } from '../formats/weight-source.ts';
import { decoderOnlyParameters } from '../models/decoder-only-parameters.ts';
import { encoderDecoderParameters } from '../models/encoder-decoder-parameters.ts';
import { type Fill, generatedWeights } from '../models/generated-weights.ts';
import type { EncoderDecoderDescription } from '../models/load-encoder-decoder.ts';
import type { ModelDescription } from '../models/model-description.ts';

export interface InitialWeightsOptions {
  /** Of the matrices; default: 0.02. Narrow models learn sooner from a wider one, about 1/√(hidden size). */
  readonly standardDeviation?: number | undefined;
}

/**
 * Weights to begin a training from, as GPT-2 begins (Radford et al. 2019): matrices normal with standard deviation 0.02, those
 * whose result is added to the residual stream by 1/√(2 · layers) less, norms 1, biases 0. The same for the same seed.
 *
 * @example
 * const description = modelPreset('gpt2');
 * const model = await loadModelFrom(backend, description, initialWeights(description, 1));
 */
export function initialWeights(
  { config, naming }: ModelDescription,
  seed: number,
  { standardDeviation = 0.02 }: InitialWeightsOptions = {},
): WeightSource {
  if (!(standardDeviation > 0 && standardDeviation < Number.POSITIVE_INFINITY))
    throw new RangeError(
      `Cannot draw initial weights: got a standard deviation of ${standardDeviation}, wanted more than 0`,
    );
  const residual = standardDeviation / Math.sqrt(2 * config.numLayers);
  const specs = decoderOnlyParameters(config);
  return generatedWeights({ specs, naming }, 'initial weights', ({ path }, index) =>
    normal(isAddedToResidual(path) ? residual : standardDeviation, seed, index),
  );
}

/**
 * Weights to begin the training of an encoder-decoder model from: matrices normal with variance 2 / (inputs + outputs) (Glorot
 * & Bengio 2010), those of queries smaller where scores are not scaled by 1/√D; embeddings such that logits that are made with
 * them have variance 1 (1 / C, or 1 where the logits are scaled by 1/√C), else the scaled embeddings themselves; norms 1, biases
 * 0. The same for the same seed.
 */
export function initialEncoderDecoderWeights(
  { config, naming }: EncoderDecoderDescription,
  seed: number,
): WeightSource {
  const specs = encoderDecoderParameters(config);
  return generatedWeights({ specs, naming }, 'initial weights', ({ path, shape }, index) => {
    const [outputs, inputs] = shape as readonly [number, number];
    if (path.endsWith('mbedding.weight')) return normal(embeddingDeviation(config), seed, index);
    return normal(Math.sqrt(2 / (inputs + outputs)) / scoreFactor(config, path), seed, index);
  });
}

function embeddingDeviation({ isTied, hiddenSize, logitsScale, embeddingScale }: EncoderDecoderConfig): number {
  return isTied ? 1 / (Math.sqrt(hiddenSize) * logitsScale) : 1 / embeddingScale;
}

/** How much larger than with 1/√D the scores of the queries of a matrix are. */
function scoreFactor(config: EncoderDecoderConfig, path: string): number {
  if (!path.endsWith('.query.weight')) return 1;
  const { attentionScale, headSize } = path.startsWith('encoder.') ? config.encoder : config.decoder;
  return attentionScale * Math.sqrt(headSize);
}

function isAddedToResidual(path: string): boolean {
  return path.endsWith('.attention.output.weight') || path.endsWith('.mlp.down.weight');
}

/** Four elements from each draw of the generator, by Box & Muller 1958. */
function normal(deviation: number, seed: number, tensor: number): Fill {
  return (values, first) => {
    const end = first + values.length;
    for (let block = Math.floor(first / 4); 4 * block < end; block++) {
      const [a, b, c, d] = philox(seed, block, tensor);
      const four = [...normalPair(a, b), ...normalPair(c, d)];
      for (const [i, value] of four.entries()) {
        const place = 4 * block + i - first;
        if (place >= 0 && place < values.length) values[place] = deviation * value;
      }
    }
  };
}

function normalPair(a: number, b: number): [number, number] {
  const radius = Math.sqrt(-2 * Math.log((a + 0.5) * 2 ** -32));
  const angle = 2 * Math.PI * b * 2 ** -32;
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}
