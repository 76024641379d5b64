import { describe, expect, test } from 'vitest';
import { conformanceCases } from '../../backend/conformance.ts';
import { createReferenceBackend } from './reference-backend.ts';

describe('The reference backend conforms', () => {
  const [backend, reference] = [createReferenceBackend(), createReferenceBackend()];
  test.each(conformanceCases.map((it) => [it.name, it] as const))('%s', (_, it) => it.run(backend, reference));
});

describe('The memory of the reference backend', () => {
  test('usage is exact', () => {
    const backend = createReferenceBackend();
    const buffer = backend.allocate('int32', 10);
    backend.allocateMatrix('float32', 3, 5);
    backend.allocateMatrix('bfloat16', 3, 5);
    backend.allocateCache({ numBlocks: 2, kvHeads: 3, headSize: 4 });
    const bytes = 4 * 10 + 4 * 15 + 2 * 15 + 2 * 4 * (2 * 16 * 3 * 4);
    expect(backend.memoryUsage()).toEqual({ allocatedBytes: bytes, peakBytes: bytes, reservedBytes: bytes });
    backend.release(buffer);
    expect(backend.memoryUsage()).toEqual({ allocatedBytes: bytes - 40, peakBytes: bytes, reservedBytes: bytes - 40 });
  });

  test('errors say action, got and wanted', async () => {
    const [backend, other] = [createReferenceBackend(), createReferenceBackend()];
    const x = backend.allocate('float32', 3);
    expect(() => backend.write(x, new Float32Array(2), 2)).toThrow(
      new RangeError('Cannot write: elements 2 to 4, but the buffer has 3'),
    );
    expect(() => backend.softmax(x, x, 2)).toThrow(
      new RangeError('Cannot run softmax: input has 3 elements, wanted whole rows of 2'),
    );
    expect(() => backend.scale(x, other.allocate('float32', 3), 2)).toThrow(
      new TypeError('Cannot run scale: the buffer does not belong to this reference backend'),
    );
    backend.release(x);
    await expect(backend.read(x)).rejects.toThrow(new TypeError('Cannot read: the buffer is already released'));
    expect(() => backend.release(x)).toThrow(new TypeError('Cannot release: the buffer is already released'));
    expect(() => backend.allocate('float32', -1)).toThrow(
      new RangeError('Cannot allocate buffer: length is -1, wanted an integer of at least 0'),
    );
    expect(() => backend.allocate('int32', 2 ** 50)).toThrow(
      new RangeError('Cannot allocate buffer of 1125899906842624 int32: more than the JavaScript engine can hold'),
    );
  });

  test('ids and indices out of range are refused', async () => {
    const backend = createReferenceBackend();
    const ids = backend.allocate('int32', 2);
    backend.write(ids, Int32Array.of(0, 3));
    const table = backend.allocateMatrix('float32', 3, 4);
    expect(() => backend.embed(backend.allocate('float32', 8), table, ids)).toThrow(
      new RangeError('Cannot run embed: ids has 3, wanted 0 to 2'),
    );
    backend.write(ids, Int32Array.of(-1, 0));
    const logits = backend.allocate('float32', 6);
    expect(() => backend.tokenLogProbs(backend.allocate('float32', 2), logits, ids, 3)).toThrow('ids has -1');
  });

  test('an output that is an input is refused where the contract does not allow it', () => {
    const backend = createReferenceBackend();
    const x = backend.allocate('float32', 4);
    const weight = backend.allocateMatrix('float32', 4, 4);
    expect(() => backend.linear(x, x, weight, undefined)).toThrow(
      'Cannot run linear: the output is also an input, wanted another buffer',
    );
  });

  test('after dispose nothing works any more, and a second dispose does nothing', async () => {
    const backend = createReferenceBackend();
    const x = backend.allocate('float32', 3);
    await backend.dispose();
    await backend.dispose();
    expect(backend.memoryUsage().allocatedBytes).toBe(0);
    expect(() => backend.fill(x, 1)).toThrow('Cannot run fill: the reference backend is disposed');
    expect(() => backend.allocate('float32', 1)).toThrow('the reference backend is disposed');
    await expect(backend.read(x)).rejects.toThrow('Cannot read: the reference backend is disposed');
    await expect(backend.synchronize()).rejects.toThrow('the reference backend is disposed');
  });
});
