import type { Backend, DeviceBuffer } from '../../backend/backend.ts';
import { checkBlocks, checkBlocksToWrite } from '../../backend/check-blocks.ts';
import { readTarget } from '../../backend/read-target.ts';
import { ReferenceMemory } from './reference-memory.ts';
import { referenceOperations } from './reference-operations.ts';
import { trainingOperations } from './training-operations.ts';

/**
 * The backend that defines the operations: plain TypeScript, sums in float64, one element after the other. It runs each
 * operation when it is called, in Node and in browsers.
 *
 * @example
 * const backend = createReferenceBackend();
 * const x = backend.allocate('float32', 3);
 * backend.write(x, new Float32Array([1, 2, 3]));
 * backend.softmax(x, x, 3);
 * await backend.read(x); // 0.0900, 0.2447, 0.6652
 */
export function createReferenceBackend(): Backend {
  const memory = new ReferenceMemory();
  return {
    name: 'reference',
    numThreads: 1,
    ...referenceOperations(memory),
    ...trainingOperations(memory),

    allocate: (dtype, length) => memory.allocate(dtype, length),
    allocateMatrix: (format, rows, columns) => memory.allocateMatrix(format, rows, columns),
    allocateCache: (shape) => memory.allocateCache(shape),
    write: (buffer, data, offset = 0) => write(memory, buffer, data, offset),
    async writeMatrix(matrix, part) {
      await memory.floatMatrix('write matrix', matrix).write(part);
    },
    async writeQuantized(matrix, part) {
      memory.quantizedMatrix('write matrix', matrix).write(part);
    },
    async read<Target extends Float32Array | Int32Array>(buffer: DeviceBuffer, target?: Target) {
      const elements = memory.buffer('read', buffer);
      const read = readTarget(buffer, target);
      read.set(elements);
      return read;
    },
    async readMatrix(matrix) {
      return memory.matrix('read matrix', matrix).toFloat32();
    },
    async readBlocks(cache, blocks) {
      const from = memory.cache('read blocks', cache);
      checkBlocks('read blocks', from, blocks);
      return from.read(blocks);
    },
    async writeBlocks(cache, blocks, data) {
      const into = memory.cache('write blocks', cache);
      checkBlocksToWrite(into, blocks, data);
      into.write(blocks, data);
    },
    async synchronize() {
      memory.checkAlive('synchronize');
    },
    release: (handle) => memory.release(handle),
    scope: (body) => memory.scope(body),
    memoryUsage: () => memory.usage(),
    async dispose() {
      memory.dispose();
    },
  };
}

function write(memory: ReferenceMemory, buffer: DeviceBuffer, data: Float32Array | Int32Array, offset: number): void {
  const elements = memory.buffer('write', buffer);
  const dtype = data instanceof Float32Array ? 'float32' : 'int32';
  if (dtype !== buffer.dtype) throw new TypeError(`Cannot write: data is ${dtype}, the buffer ${buffer.dtype}`);
  if (!Number.isInteger(offset) || offset < 0 || offset + data.length > elements.length) {
    throw new RangeError(
      `Cannot write: elements ${offset} to ${offset + data.length}, but the buffer has ${elements.length}`,
    );
  }
  elements.set(data, offset);
}
