import type { Backend } from './backend/backend.ts';
import type { MemoryLayout } from './backend/memory-layout.ts';
import { referenceMemoryLayout } from './backends/reference/memory-layout.ts';
import { wasmMemoryLayout } from './backends/wasm/memory-layout.ts';
import { didYouMean } from './base/suggest.ts';

/**
 * A device that runs models: `wasm` is fast and the default; `reference` is plain TypeScript in float64, for
 * comparison.
 */
export type Device = 'wasm' | 'reference';

/** Every device by name. */
export const DEVICES = ['wasm', 'reference'] as const satisfies readonly Device[];

/** How to start a device. */
export interface BackendOptions {
  readonly device?: Device | undefined;
  /**
   * Threads that compute, 1 to 64; unless given, the processors up to 16, or 1 where memory cannot be shared (a page
   * that is not cross-origin isolated). The numbers do not depend on it.
   */
  readonly threads?: number | undefined;
  /**
   * `fused` multiplies and adds in one rounding where the machine can (the default there); `portable` rounds twice and
   * gives the same bits on every machine.
   */
  readonly numerics?: 'fused' | 'portable' | undefined;
}

/**
 * Starts a device, whose code is only loaded here. Throws a `RangeError` for an unknown device or a number of threads
 * that it cannot have, and an `Error` for `fused` numerics where the engine cannot.
 *
 * @example
 * const backend = await createBackend({ device: 'wasm', threads: 2 });
 * const zeros = Tensor.from(backend, new Float32Array(6), [2, 3]);
 * await zeros.read(); // Float32Array(6)
 * await backend.dispose();
 */
export async function createBackend(options: BackendOptions = {}): Promise<Backend> {
  const { device = 'wasm', threads, numerics } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1))
    throw new RangeError(`Cannot start a backend: ${threads} threads, wanted a whole number of at least 1`);
  switch (device) {
    case 'wasm': {
      const { createWasmBackend } = await import('./backends/wasm/wasm-backend.ts');
      return createWasmBackend({
        ...(threads === undefined ? {} : { threads }),
        ...(numerics === undefined ? {} : { numerics }),
      });
    }
    case 'reference': {
      if (threads !== undefined && threads !== 1)
        throw new RangeError(`Cannot start the reference backend: ${threads} threads, but it runs on one`);
      if (numerics === 'fused') throw new RangeError('Cannot start the reference backend: its numerics are portable');
      const { createReferenceBackend } = await import('./backends/reference/reference-backend.ts');
      return createReferenceBackend();
    }
    default:
      device satisfies never;
      throw new RangeError(
        `Cannot start a backend: unknown device ${JSON.stringify(device)}${didYouMean(String(device), DEVICES)}; known: ${DEVICES.join(', ')}`,
      );
  }
}

/** How many bytes a device with `threads` threads takes for what. */
export function memoryLayout(device: Device, threads: number): MemoryLayout {
  switch (device) {
    case 'wasm':
      return wasmMemoryLayout(threads);
    case 'reference':
      return referenceMemoryLayout;
    default:
      return device satisfies never;
  }
}
