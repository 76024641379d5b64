import { afterAll, describe, expect, test } from 'vitest';
import { goldenNames, goldenPath, readGoldenJson, readGoldenTensors, relativeError } from '../../test/goldens.ts';
import { testBackends } from '../../test/test-backends.ts';
import { backward } from '../autograd/backward.ts';
import { causalMask } from '../nn/causal-mask.ts';
import { Tensor } from '../tensor/tensor.ts';
import { TrainedParameters } from '../training/trained-parameters.ts';
import { storedName } from './parameter-spec.ts';
import { torchDecoderNaming } from './torch-decoder-names.ts';
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

  test.each(goldenNames('transformer-decoder-gradients'))('%s: every gradient', async (name) => {
    const backend = await opened;
    const before = backend.memoryUsage().allocatedBytes;
    const torch = readGoldenJson<TorchConfig>('transformer-decoder', name, 'config.json');
    const weights = goldenPath('transformer-decoder', name, 'model.safetensors');
    const decoder = await TransformerDecoder.load(backend, weights, toConfig(torch));
    const inputs = await readGoldenTensors('transformer-decoder', name, 'golden.safetensors');
    const wanted = await readGoldenTensors('transformer-decoder-gradients', name, 'gradients.safetensors');
    const trained = await TrainedParameters.create(decoder.parameters);
    const leaf = (values: Float32Array) => {
      const shape = [values.length / torch.dModel, torch.dModel];
      const tensor = Tensor.from(backend, values, shape);
      tensor.gradient = Tensor.zeros(backend, shape);
      return tensor;
    };
    const [target, memory] = [leaf(inputs.get('tgt')!), leaf(inputs.get('memory')!)];
    backend.scope(() => {
      const output = decoder.decode(target, memory, { batchSize: 2 });
      backward(output, Tensor.from(backend, wanted.get('outputWeights')!, output.shape));
    });

    const got = new Map([
      ['tgt', (await target.gradient!.read()) as Float32Array],
      ['memory', (await memory.gradient!.read()) as Float32Array],
    ]);
    for (const { path, gradient } of trained.list) {
      const { name: stored, slice } = storedName(path, torchDecoderNaming(decoder.config));
      const rows = (await gradient.read()) as Float32Array;
      const whole = got.get(stored) ?? new Float32Array(slice === undefined ? rows.length : 3 * rows.length);
      whole.set(rows, slice === undefined ? 0 : (slice.firstRow * rows.length) / gradient.shape[0]!);
      got.set(stored, whole);
    }
    const errors = [...wanted.keys()]
      .filter((key) => key !== 'outputWeights')
      .map((key) => [key, relativeError(got.get(key)!, wanted.get(key)!)] as const);
    expect(errors).toHaveLength(got.size);
    expect(errors.filter(([, error]) => !(error < 1e-4))).toEqual([]);

    for (const tensor of [target, memory, target.gradient!, memory.gradient!]) tensor.release();
    trained.release();
    decoder.dispose();
    expect(backend.memoryUsage().allocatedBytes).toBe(before);
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
