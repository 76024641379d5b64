import { platform } from '#platform';
import type { Backend, DeviceBuffer } from '../../backend/backend.ts';
import { checkLines } from '../../backend/check-lines.ts';
import { readTarget } from '../../backend/read-target.ts';
import { checkQuantizedValues } from '../../quantized/quantized-matrix.ts';
import { CacheTransfer } from './cache-transfer.ts';
import { CommandRecorder } from './command-recorder.ts';
import { DeviceMemory } from './device-memory.ts';
import { type Executor, InlineExecutor } from './executor.ts';
import { formatBytes } from './format-bytes.ts';
import type { WasmBuffer } from './handles.ts';
import { Heap } from './heap.ts';
import { MatrixTransfer } from './matrix-transfer.ts';
import { HEAP_START } from './memory-map.ts';
import { OP_COPY, OP_FILL } from './opcodes.ts';
import { wasmOperations } from './operations.ts';
import { wasmTrainingOperations } from './training-operations.ts';
import { WasmMemory } from './wasm-memory.ts';
import { chooseNumerics, type KernelExports, loadKernels, type Numerics } from './wasm-module.ts';
import { WorkerPool } from './worker-pool.ts';

const MAX_DEFAULT_THREADS = 16;
const MAX_THREADS = 64;

export interface WasmBackendOptions {
  /** Threads that compute, 1 to 64; the processors up to 16 unless given. */
  readonly threads?: number | undefined;
  /**
   * `fused` multiplies and adds in one rounding (the default where the engine has relaxed SIMD); `portable` in two, to the
   * same bits on every machine.
   */
  readonly numerics?: Numerics | undefined;
  /** Bytes that the backend may take, at most 4 GiB. */
  readonly memoryLimitBytes?: number | undefined;
}

/**
 * The fast backend: SIMD kernels in WebAssembly, on threads over shared memory. The calling thread only records; where
 * there is no shared memory (a page that is not cross-origin isolated) it also computes, when something is read.
 *
 * Throws a `RangeError` for an impossible number of threads or bytes, and an `Error` where `fused` is asked for and the
 * engine cannot.
 *
 * @example
 * const backend = await createWasmBackend({ threads: 2 });
 * const x = backend.allocate('float32', 3);
 * backend.write(x, new Float32Array([1, 2, 3]));
 * backend.softmax(x, x, 3);
 * await backend.read(x); // 0.0900, 0.2447, 0.6652
 * await backend.dispose();
 */
export async function createWasmBackend(options: WasmBackendOptions = {}): Promise<Backend> {
  const isShared = canShareMemory();
  const threads = chooseThreads(options.threads, isShared);
  const memory = new WasmMemory(isShared);
  const { limit, limitReason } = chooseLimit(options.memoryLimitBytes, memory);
  const module = await loadKernels(chooseNumerics(options.numerics), isShared);
  const executor = isShared ? WorkerPool.start(module, memory, threads) : runInline(module, memory);
  const heap = new Heap({ start: HEAP_START, limit, ensure: (end) => memory.ensure(end, limit), limitReason });
  return assemble(memory, heap, executor);
}

function assemble(memory: WasmMemory, heap: Heap, executor: Executor): Backend {
  const recorder = new CommandRecorder(memory, heap, executor);
  const device = new DeviceMemory({
    heap,
    clear: (address, bytes) => void recorder.record(OP_FILL, address, 0, bytes / 4),
    reservedBytes: () => memory.byteLength,
  });
  const transfer = new MatrixTransfer(memory, heap, recorder);
  const blocks = new CacheTransfer(memory, heap, recorder);
  return {
    name: 'wasm',
    numThreads: executor.numThreads,
    ...wasmOperations(recorder, device),
    ...wasmTrainingOperations(recorder, device),

    allocate: (dtype, length) => device.allocate(dtype, length),
    allocateMatrix: (format, rows, columns) => device.allocateMatrix(format, rows, columns),
    allocateCache: (shape) => device.allocateCache(shape),
    write: (buffer, data, offset = 0) => write(device, recorder, buffer, data, offset),
    async writeMatrix(matrix, part) {
      await transfer.write(device.floatMatrix('write matrix', matrix).matrix, part);
    },
    async writeQuantized(handle, part) {
      const { matrix, scheme } = device.quantizedMatrix('write matrix', handle);
      checkLines(matrix, { order: 'rows', ...part });
      checkQuantizedValues('write matrix', part, scheme, { count: part.count, columns: matrix.columns });
      await transfer.writeQuantized(matrix, scheme, part);
    },
    async read<Target extends Float32Array | Int32Array>(buffer: DeviceBuffer, target?: Target) {
      const known = device.buffer('read', buffer);
      return read(memory, heap, recorder, known, readTarget(known, target));
    },
    async readMatrix(matrix) {
      return transfer.read(device.matrix('read matrix', matrix));
    },
    async readBlocks(cache, numbers) {
      return blocks.read(device.cache('read blocks', cache), numbers);
    },
    async writeBlocks(cache, numbers, data) {
      await blocks.write(device.cache('write blocks', cache), numbers, data);
    },
    async synchronize() {
      device.checkAlive('synchronize');
      await recorder.flush();
    },
    release: (handle) => device.release(handle),
    scope: (body) => device.scope(body),
    memoryUsage: () => device.usage(),
    async dispose() {
      device.dispose();
      await executor.dispose();
      memory.dispose();
    },
  };
}

function write(
  device: DeviceMemory,
  recorder: CommandRecorder,
  buffer: DeviceBuffer,
  data: Float32Array | Int32Array,
  offset: number,
): void {
  const known = device.buffer('write', buffer);
  const dtype = data instanceof Float32Array ? 'float32' : 'int32';
  if (dtype !== known.dtype) throw new TypeError(`Cannot write: data is ${dtype}, the buffer ${known.dtype}`);
  if (!Number.isInteger(offset) || offset < 0 || offset + data.length > known.length) {
    throw new RangeError(
      `Cannot write: elements ${offset} to ${offset + data.length}, but the buffer has ${known.length}`,
    );
  }
  recorder.write(known.address + offset * 4, data);
}

/** Copies the elements aside in order with the operations, so that no later one can change them before they are read. */
async function read<Target extends Float32Array | Int32Array>(
  memory: WasmMemory,
  heap: Heap,
  recorder: CommandRecorder,
  buffer: WasmBuffer,
  target: Target,
): Promise<Target> {
  const { dtype, length, byteLength } = buffer;
  const ElementArray = dtype === 'float32' ? Float32Array : Int32Array;
  const fill = (from: number) => {
    target.set(new ElementArray(memory.memory.buffer, from, length));
    return target;
  };
  if (recorder.isIdle) return fill(buffer.address);
  const address = heap.allocate(byteLength, 'a copy to read');
  try {
    recorder.record(OP_COPY, address, buffer.address, byteLength);
    await recorder.flush();
    return fill(address);
  } finally {
    heap.release(address, byteLength);
  }
}

function runInline(module: WebAssembly.Module, { memory }: WasmMemory): Executor {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const { execute } = instance.exports as unknown as KernelExports;
  return new InlineExecutor(execute);
}

function canShareMemory(): boolean {
  const isIsolated = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated ?? true;
  return isIsolated && typeof SharedArrayBuffer !== 'undefined';
}

function chooseThreads(wanted: number | undefined, isShared: boolean): number {
  if (wanted === undefined) return isShared ? Math.min(platform.availableParallelism, MAX_DEFAULT_THREADS) : 1;
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > MAX_THREADS) {
    throw new RangeError(`Cannot start the WASM backend: ${wanted} threads, wanted 1 to ${MAX_THREADS}`);
  }
  if (wanted > 1 && !isShared) {
    throw new RangeError(
      `Cannot start the WASM backend: ${wanted} threads, but this page is not cross-origin isolated and has one`,
    );
  }
  return wanted;
}

function chooseLimit(wanted: number | undefined, memory: WasmMemory): { limit: number; limitReason: string } {
  const end = memory.limit;
  const limitReason = `WebAssembly memory ends at ${formatBytes(end + 65536)}`;
  if (wanted === undefined) return { limit: end, limitReason };
  if (!Number.isSafeInteger(wanted) || wanted < 1) {
    throw new RangeError(`Cannot start the WASM backend: memory limit of ${wanted} bytes, wanted a positive integer`);
  }
  return wanted < end
    ? { limit: wanted, limitReason: `the limit is ${formatBytes(wanted)}` }
    : { limit: end, limitReason };
}
