import type { DeviceBuffer } from './backend.ts';

/** The array that a read fills: the caller's, if it fits, or a new one. Throws a `TypeError` or `RangeError` if it does not. */
export function readTarget<Target extends Float32Array | Int32Array>(
  { dtype, length }: DeviceBuffer,
  target: Target | undefined,
): Target {
  if (target === undefined) return (dtype === 'float32' ? new Float32Array(length) : new Int32Array(length)) as Target;
  if (dtype !== (target instanceof Float32Array ? 'float32' : 'int32'))
    throw new TypeError(`Cannot read: the buffer is ${dtype}, the target a ${target.constructor.name}`);
  if (target.length !== length)
    throw new RangeError(`Cannot read: the buffer has ${length} elements, the target ${target.length}`);
  return target;
}
