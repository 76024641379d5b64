import type {
  AttentionGradients,
  AttentionOptions,
  Backend,
  CacheShape,
  DeviceBuffer,
  DeviceCache,
  DeviceMatrix,
  MemoryUsage,
  NormGradients,
  PagedAttentionOptions,
  PagedBatch,
} from '../../backend/backend.ts';
import { type MatrixFormat, matrixDType } from '../../backend/dtype.ts';
import type { MemoryLayout } from '../../backend/memory-layout.ts';

type Handle = DeviceBuffer | DeviceMatrix | DeviceCache;

/**
 * A backend that computes nothing and holds nothing: it adds up the bytes that another backend would take for the same
 * calls. Running a model on it tells what the model will need, whatever its size.
 */
export class MeasuringBackend implements Backend {
  readonly name = 'measuring';
  readonly numThreads = 1;
  readonly #layout: MemoryLayout;
  readonly #bytes = new Map<Handle, number>();
  readonly #scopes: Set<DeviceBuffer>[] = [];
  #allocatedBytes: number;
  #peakBytes: number;
  /** Scratch is kept for the largest operation so far. */
  #scratchBytes = 0;

  constructor(layout: MemoryLayout) {
    this.#layout = layout;
    this.#allocatedBytes = layout.fixedBytes;
    this.#peakBytes = layout.fixedBytes;
  }

  allocate(dtype: 'float32' | 'int32', length: number): DeviceBuffer {
    const buffer = this.#add({ kind: 'buffer' as const, dtype, length }, this.#layout.bufferBytes(length));
    this.#scopes.at(-1)?.add(buffer);
    return buffer;
  }

  allocateMatrix(format: MatrixFormat, rows: number, columns: number): DeviceMatrix {
    const byteLength = this.#layout.matrixBytes(format, rows, columns);
    const dtype = matrixDType(format);
    return this.#add({ kind: 'matrix' as const, dtype, format, rows, columns, byteLength }, byteLength);
  }

  allocateCache(shape: CacheShape): DeviceCache {
    const byteLength = this.#layout.cacheBytes(shape);
    const dtype = shape.dtype ?? 'float32';
    return this.#add({ ...shape, kind: 'cache' as const, dtype, byteLength }, byteLength);
  }

  release(handle: Handle): void {
    this.#allocatedBytes -= this.#bytes.get(handle)!;
    this.#bytes.delete(handle);
    for (const scope of this.#scopes) if (handle.kind === 'buffer') scope.delete(handle);
  }

  scope<Result>(body: (keep: <Kept extends DeviceBuffer>(buffer: Kept) => Kept) => Result): Result {
    const own = new Set<DeviceBuffer>();
    const kept = new Set<DeviceBuffer>();
    this.#scopes.push(own);
    try {
      return body((buffer) => {
        if (own.has(buffer)) kept.add(buffer);
        return buffer;
      });
    } finally {
      this.#scopes.pop();
      for (const buffer of own) {
        if (kept.has(buffer)) this.#scopes.at(-1)?.add(buffer);
        else this.release(buffer);
      }
    }
  }

  memoryUsage(): MemoryUsage {
    return { allocatedBytes: this.#allocatedBytes, peakBytes: this.#peakBytes, reservedBytes: this.#allocatedBytes };
  }

  linear(output: DeviceBuffer, input: DeviceBuffer, weight: DeviceMatrix): void {
    const { format, rows: outputs, columns: inputs } = weight;
    const rows = inputs === 0 ? output.length / Math.max(1, outputs) : input.length / inputs;
    this.#scratch(this.#layout.linearScratchBytes(rows, format, outputs, inputs));
  }

  attention(
    _output: DeviceBuffer,
    _q: DeviceBuffer,
    _k: DeviceBuffer,
    _v: DeviceBuffer,
    options: AttentionOptions,
  ): void {
    this.#scratch(this.#layout.attentionScratchBytes(options));
  }

  pagedAttention(
    _output: DeviceBuffer,
    _queries: DeviceBuffer,
    cache: DeviceCache,
    _batch: PagedBatch,
    options: PagedAttentionOptions,
  ): void {
    this.#scratch(this.#layout.pagedAttentionScratchBytes(options, cache));
  }

  linearInputGradient(inputGrad: DeviceBuffer, _outputGrad: DeviceBuffer, weight: DeviceMatrix): void {
    if (inputGrad.length === 0) return;
    this.#scratch(this.#layout.linearInputGradientScratchBytes(weight.rows, weight.columns));
  }

  linearWeightGradient(
    _weightGrad: DeviceBuffer,
    _outputGrad: DeviceBuffer,
    input: DeviceBuffer,
    { columns }: { readonly columns: number },
  ): void {
    this.#scratch(this.#layout.linearWeightGradientScratchBytes(input.length / columns, columns));
  }

  addRowSum(output: DeviceBuffer, input: DeviceBuffer): void {
    this.#scratch(this.#layout.rowSumScratchBytes(input.length / output.length, output.length));
  }

  layerNormGradient(
    _inputGrad: DeviceBuffer,
    { weightGrad, biasGrad }: NormGradients,
    _outputGrad: DeviceBuffer,
    input: DeviceBuffer,
    weight: DeviceBuffer,
  ): void {
    if (weightGrad === undefined && biasGrad === undefined) return;
    this.#scratch(this.#layout.normGradientScratchBytes(input.length / weight.length, weight.length));
  }

  rmsNormGradient(
    inputGrad: DeviceBuffer,
    { weightGrad }: Pick<NormGradients, 'weightGrad'>,
    outputGrad: DeviceBuffer,
    input: DeviceBuffer,
    weight: DeviceBuffer,
  ): void {
    this.layerNormGradient(inputGrad, { weightGrad, biasGrad: undefined }, outputGrad, input, weight);
  }

  attentionGradient(
    _gradients: AttentionGradients,
    _outputGrad: DeviceBuffer,
    _queries: DeviceBuffer,
    _keys: DeviceBuffer,
    _values: DeviceBuffer,
    options: AttentionOptions,
  ): void {
    this.#scratch(this.#layout.attentionGradientScratchBytes(options));
  }

  sumOfSquares(_output: DeviceBuffer, input: DeviceBuffer): void {
    this.#scratch(this.#layout.sumOfSquaresScratchBytes(input.length));
  }

  // Operations that need no scratch take no memory: their operands are counted where they are allocated.
  copy(): void {}
  fill(): void {}
  add(): void {}
  multiply(): void {}
  scale(): void {}
  activate(): void {}
  gate(): void {}
  embed(): void {}
  layerNorm(): void {}
  rmsNorm(): void {}
  rotate(): void {}
  sliceColumns(): void {}
  gatherRows(): void {}
  softmax(): void {}
  logSoftmax(): void {}
  tokenLogProbs(): void {}
  argmax(): void {}
  topK(): void {}
  logSumExp(): void {}
  draw(): void {}
  storeKeysValues(): void {}
  copyBlocks(): void {}
  packMatrix(): void {}
  scatterAddRows(): void {}
  padColumns(): void {}
  activateGradient(): void {}
  gateGradient(): void {}
  softmaxGradient(): void {}
  logSoftmaxGradient(): void {}
  crossEntropy(): void {}
  crossEntropyGradient(): void {}
  dropout(): void {}
  adamWStep(): void {}
  sgdStep(): void {}
  write(): void {}
  async writeMatrix(): Promise<void> {}
  async writeQuantized(): Promise<void> {}
  async writeBlocks(): Promise<void> {}
  async synchronize(): Promise<void> {}
  async dispose(): Promise<void> {}

  async read(): Promise<never> {
    throw new Error('Cannot read from a measuring backend: it holds no numbers');
  }

  async readMatrix(): Promise<never> {
    throw new Error('Cannot read from a measuring backend: it holds no numbers');
  }

  async readBlocks(): Promise<never> {
    throw new Error('Cannot read from a measuring backend: it holds no numbers');
  }

  #add<Made extends Handle>(handle: Made, bytes: number): Made {
    this.#bytes.set(handle, bytes);
    this.#take(bytes);
    return handle;
  }

  #scratch(bytes: number): void {
    if (bytes <= this.#scratchBytes) return;
    this.#take(bytes - this.#scratchBytes);
    this.#scratchBytes = bytes;
  }

  #take(bytes: number): void {
    this.#allocatedBytes += bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#allocatedBytes);
  }
}
