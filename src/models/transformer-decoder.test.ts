import { afterAll, describe, expect, test } from 'vitest';
import { goldenNames, goldenPath, readGoldenJson, readGoldenTensors, relativeError } from '../../test/goldens.ts';
import { testBackends } from '../../test/test-backends.ts';
import { causalMask } from '../nn/causal-mask.ts';
import { TransformerDecoder } from './transformer-decoder.ts';
import type { TransformerDecoderConfig } from './transformer-decoder-config.ts';

/** The arguments of `torch.nn.TransformerDecoder`, as the goldens write them. */
interface TorchConfig {
  readonly dModel: number;
  readonly numHeads: number;
  readonly numLayers: number;
  readonly dimFeedforward: number;
  readonly activation: 'relu' | 'gelu';
  readonly normFirst: boolean;
  readonly finalNorm: boolean;
  readonly bias: boolean;
  readonly layerNormEps: number;
}

describe.each(Object.keys(testBackends))('%s backend against torch.nn.TransformerDecoder', (backendName) => {
  const opened = testBackends[backendName]!();
  afterAll(async () => (await opened).dispose());

  test.each(goldenNames('transformer-decoder'))('%s: every sublayer, causal, unmasked and masked', async (name) => {
    const config = toConfig(readGoldenJson<TorchConfig>('transformer-decoder', name, 'config.json'));
    const goldens = await readGoldenTensors('transformer-decoder', name, 'golden.safetensors');
    const golden = (key: string) => goldens.get(key)!;
    const weights = goldenPath('transformer-decoder', name, 'model.safetensors');
    const decoder = await TransformerDecoder.load(await opened, weights, config);
    const input = { target: golden('tgt'), memory: golden('memory'), batchSize: 2 };
    const queryLength = golden('tgt').length / 2 / config.modelSize;

    const cases = {
      causal: { ...input },
      unmasked: { ...input, causal: false },
      memoryMask: { ...input, memoryMask: golden('memoryMask') },
    };
    for (const [mode, options] of Object.entries(cases)) {
      const seen = new Map<string, Promise<Float32Array | Int32Array>>();
      const output = await decoder.forward({ ...options, observe: (path, tensor) => seen.set(path, tensor.read()) });
      const errors: Record<string, number> = { output: relativeError(output, golden(`${mode}.output`)) };
      for (const [path, values] of seen)
        errors[path] = relativeError((await values) as Float32Array, golden(`${mode}.${path}`));
      expect(Object.keys(errors)).toHaveLength(1 + 3 * config.numLayers);
      const tooFar = Object.entries(errors).filter(([, error]) => !(error < 1e-5));
      expect(tooFar, `${mode}: ${JSON.stringify(errors)}`).toEqual([]);
    }
    const masked = await decoder.forward({ ...input, causal: false, targetMask: causalMask(queryLength) });
    expect(masked).toEqual(await decoder.forward(input));
    decoder.dispose();
  });
});

function toConfig(torch: TorchConfig): TransformerDecoderConfig {
  return {
    modelSize: torch.dModel,
    numHeads: torch.numHeads,
    numLayers: torch.numLayers,
    feedForwardSize: torch.dimFeedforward,
    activation: torch.activation,
    normPlacement: torch.normFirst ? 'pre' : 'post',
    hasFinalNorm: torch.finalNorm,
    hasBias: torch.bias,
    normEpsilon: torch.layerNormEps,
  };
}
