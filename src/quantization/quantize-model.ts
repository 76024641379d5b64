import { CausalLM } from '../models/causal-lm.ts';
import { type LanguageModel, languageModelParameters } from '../models/language-model.ts';
import type { QuantizationScheme } from '../quantized/quantization-scheme.ts';
import { dequantize, type QuantizedMatrix } from '../quantized/quantized-matrix.ts';
import { quantizeToNearest } from '../quantized/round-to-nearest.ts';
import type { Weight } from '../tensor/weight.ts';
import { awqScales, scaledHessian } from './awq-scales.ts';
import { Calibration } from './calibration.ts';
import { divideSource, multiplyColumns } from './fold-scales.ts';
import { gptq } from './gptq.ts';
import { type LinearGroup, linearGroups } from './linear-groups.ts';
import { checkPatterns, checkQuantizeOptions, type QuantizeOptions, schemeChooser } from './quantize-options.ts';
import { quantizeBySearch } from './scale-search.ts';
import { writeWeight } from './write-weight.ts';

/**
 * Quantises the matrices of a model that is loaded in float32, and gives them by parameter path (`layers.0.mlp.up.weight`). The
 * model then computes with the numbers that they stand for; AWQ changes norms and matrices that are kept, too. With calibration
 * blocks are done in order, each calibrated with what the ones before it have become.
 *
 * Throws a `TypeError` for unknown options, methods without calibration, calibrated ones of a model with an encoder, and a model of
 * other widths, a `RangeError` for schemes that cannot be, patterns that fit nothing, and calibration without tokens, and the signal's reason; the model is then part old,
 * part new.
 *
 * @example
 * const model = await loadModel(backend, 'path/to/folder', { dtype: 'float32' });
 * const matrices = await quantizeModel(model, { scheme: QUANTIZATIONS.int4, method: 'gptq', calibration });
 */
export async function quantizeModel(
  model: LanguageModel,
  options: QuantizeOptions,
): Promise<ReadonlyMap<string, QuantizedMatrix>> {
  checkQuantizeOptions(options);
  return new Quantizer(model, options).run();
}

class Quantizer {
  readonly #model: LanguageModel;
  readonly #options: QuantizeOptions;
  /** Of the matrices that become codes. */
  readonly #paths: readonly string[];
  readonly #schemeOf: (path: string) => QuantizationScheme | undefined;
  readonly #matrices = new Map<string, QuantizedMatrix>();
  readonly #total: number;
  #done = 0;

  constructor(model: LanguageModel, options: QuantizeOptions) {
    this.#model = model;
    this.#options = options;
    this.#schemeOf = schemeChooser(options);
    const specs = languageModelParameters(model.config).filter(({ kind }) => kind === 'matrix');
    const paths = specs.map(({ path }) => withoutWeight(path));
    checkPatterns(options, paths);
    for (const path of paths) expectFloat32(path, this.#weight(path));
    this.#paths = paths.filter((path) => this.#schemeOf(path) !== undefined);
    if (this.#paths.length === 0) throw new RangeError('Cannot quantise: every matrix is kept as it is');
    this.#total = this.#paths.reduce((sum, path) => sum + this.#weight(path).rows * this.#weight(path).columns, 0);
  }

  async run(): Promise<ReadonlyMap<string, QuantizedMatrix>> {
    const { method } = this.#options;
    if (method === 'gptq' || method === 'awq') await this.#calibrated(expectCausal(this.#model, method));
    else for (const path of this.#paths) await this.#quantize(path, undefined);
    return this.#matrices;
  }

  async #calibrated(model: CausalLM): Promise<void> {
    const { calibration: texts, signal } = this.#options;
    const { numLayers, isTied } = model.config;
    const calibration = await Calibration.begin(model, texts!, signal);
    for (let layer = 0; layer < numLayers; layer++) {
      await this.#quantizeBlock(layer, linearGroups(model.config), calibration);
      await calibration.advance(layer);
    }
    const head = isTied ? 'tokenEmbedding' : 'head';
    if (this.#schemeOf(head) !== undefined)
      await this.#quantize(head, await calibration.headHessian(this.#weight(head)));
    // Rows of a table are looked up: there is no input that an error could be weighed by.
    for (const path of ['tokenEmbedding', 'positionEmbedding'])
      if (path !== head && this.#paths.includes(path)) await this.#quantize(path, undefined);
  }

  async #quantizeBlock(layer: number, groups: readonly LinearGroup[], calibration: Calibration): Promise<void> {
    const pathOf = (name: string) => `layers.${layer}.${name}`;
    const paths = groups.flatMap(({ layers }) => layers.map(pathOf));
    const weights = paths.filter((path) => this.#schemeOf(path) !== undefined).map((path) => this.#weight(path));
    const hessians = new Map(await calibration.hessians(layer, weights));
    if (this.#options.method === 'awq')
      // From the last: a group's source is quantised after its rows have been divided.
      for (const group of [...groups].reverse()) await this.#scale(layer, group, hessians);
    for (const path of paths)
      if (this.#schemeOf(path) !== undefined) await this.#quantize(path, hessians.get(this.#weight(path)));
  }

  /** Makes channels that matter larger in the weights and smaller in their input. */
  async #scale(layer: number, { layers, source }: LinearGroup, hessians: Map<Weight, Float64Array>): Promise<void> {
    const paths = layers.map((name) => `layers.${layer}.${name}`);
    const matrices = await Promise.all(
      paths.map(async (path) => {
        const weight = this.#weight(path);
        return { values: await weight.read(), rows: weight.rows, scheme: this.#schemeOf(path) };
      }),
    );
    const rounded = matrices.flatMap(({ scheme, ...matrix }) => (scheme === undefined ? [] : [{ ...matrix, scheme }]));
    const hessian = paths.map((path) => hessians.get(this.#weight(path))).find((found) => found !== undefined);
    if (source === undefined || hessian === undefined) return;
    const { columns } = this.#weight(paths[0]!);
    const scales = awqScales(rounded, hessian, columns);
    if (scales === undefined) return;
    for (const path of paths) await multiplyColumns(this.#weight(path), scales);
    await divideSource(this.#model.parameters, `layers.${layer}`, source, scales);
    const scaled = scaledHessian(hessian, scales);
    for (const path of paths) if (hessians.has(this.#weight(path))) hessians.set(this.#weight(path), scaled);
  }

  async #quantize(path: string, hessian: Float64Array | undefined): Promise<void> {
    const { method, damping, activationOrder, signal, onProgress } = this.#options;
    signal?.throwIfAborted();
    const weight = this.#weight(path);
    const { rows, columns } = weight;
    const scheme = this.#schemeOf(path)!;
    const values = await weight.read();
    const quantise = (): QuantizedMatrix => {
      if (method === 'nearest') return quantizeToNearest(values, scheme, rows, columns);
      if (method === 'gptq' && hessian !== undefined)
        return gptq(values, hessian, scheme, { rows, columns }, { damping, activationOrder });
      return quantizeBySearch(values, scheme, { rows, columns }, hessian && diagonalOf(hessian, columns));
    };
    const matrix = quantise();
    await writeWeight(weight, dequantize(matrix));
    this.#matrices.set(`${path}.weight`, matrix);
    this.#done += rows * columns;
    onProgress?.({ status: 'quantising', file: path, loaded: this.#done, total: this.#total });
  }

  #weight(path: string): Weight {
    return this.#model.parameters.weight(`${path}.weight`);
  }
}

function withoutWeight(path: string): string {
  return path.slice(0, -'.weight'.length);
}

function diagonalOf(hessian: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, k) => hessian[k * n + k]!);
}

/** Texts go through the blocks of a decoder alone. */
function expectCausal(model: LanguageModel, method: string): CausalLM {
  if (model instanceof CausalLM) return model;
  throw new TypeError(`Cannot quantise by ${method}: the model has an encoder, wanted the method nearest or search`);
}

function expectFloat32(path: string, { dtype }: Weight): void {
  if (dtype !== 'float32')
    throw new TypeError(`Cannot quantise ${path}: it is ${dtype}; load the model with dtype "float32"`);
}
