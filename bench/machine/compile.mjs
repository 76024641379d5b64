import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import asc from 'assemblyscript/asc';

let compiled;

/** kernels.ts as a module, compiled once. Relaxed SIMD is switched on first: Node 20 and 22 hide it behind a flag. */
export function compileKernels() {
  compiled ??= compile();
  return compiled;
}

async function compile() {
  if (Number.parseInt(process.versions.node, 10) < 24) setFlagsFromString('--experimental-wasm-relaxed-simd');
  let binary;
  const { error, stderr } = await asc.main(
    [
      'kernels.ts',
      '-O3',
      '--noAssert',
      '--runtime=stub',
      '--enable=simd,relaxed-simd,threads',
      '--importMemory',
      '--sharedMemory',
      '--initialMemory=1',
      '--maximumMemory=65536',
      '--outFile=kernels.wasm',
    ],
    {
      readFile: (name) => (name === 'kernels.ts' ? readFileSync(kernels, 'utf8') : null),
      writeFile: (_name, contents) => {
        binary = contents;
      },
      listFiles: () => [],
    },
  );
  if (error !== null) throw new Error(`Cannot compile ${kernels}: ${stderr.toString()}`, { cause: error });
  return WebAssembly.compile(binary);
}

const kernels = fileURLToPath(new URL('kernels.ts', import.meta.url));
