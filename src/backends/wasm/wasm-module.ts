import { platform } from '#platform';

export type Numerics = 'fused' | 'portable';

export interface KernelExports {
  /** Runs `count` commands at `list` as thread `thread` of `threads`. */
  execute(list: number, count: number, thread: number, threads: number): void;
}

const SOURCES = {
  'fused-shared': () => import('./generated/kernels-fused-shared.ts'),
  'fused-unshared': () => import('./generated/kernels-fused-unshared.ts'),
  'portable-shared': () => import('./generated/kernels-portable-shared.ts'),
  'portable-unshared': () => import('./generated/kernels-portable-unshared.ts'),
} as const;

/** Compiled once a process. */
const modules = new Map<string, Promise<WebAssembly.Module>>();

/** The kernels for shared memory and threads, or for memory of one's own. */
export function loadKernels(numerics: Numerics, isShared: boolean): Promise<WebAssembly.Module> {
  const name = `${numerics}-${isShared ? 'shared' : 'unshared'}` as const;
  const known = modules.get(name);
  if (known !== undefined) return known;
  const module = SOURCES[name]().then(({ kernels }) => WebAssembly.compile(decodeBase64(kernels)));
  modules.set(name, module);
  return module;
}

/** `fused` where the engine has relaxed SIMD, unless told otherwise. */
export function chooseNumerics(wanted: Numerics | undefined): Numerics {
  if (wanted === 'portable') return wanted;
  const isFusedPossible = platform.enableRelaxedSimd(RELAXED_SIMD_PROBE);
  if (wanted === 'fused' && !isFusedPossible) {
    throw new Error(
      "Cannot compute with numerics 'fused': this WebAssembly engine has no relaxed SIMD; use 'portable'",
    );
  }
  return isFusedPossible ? 'fused' : 'portable';
}

// (module (func (result v128) i32.const 0 i8x16.splat … ×3 f32x4.relaxed_madd))
const RELAXED_SIMD_PROBE = new Uint8Array([
  ...[0, 97, 115, 109, 1, 0, 0, 0],
  ...[1, 5, 1, 96, 0, 1, 123],
  ...[3, 2, 1, 0],
  ...[10, 19, 1, 17, 0, 65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11],
]);

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}
