// Builds everything: the WebAssembly kernels into TypeScript modules (src/backends/wasm/generated), then TypeScript into
// dist/. With --wasm only the kernels.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildKernels } from './build-kernels.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

await buildKernels(root);
if (!process.argv.includes('--wasm')) {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
  execFileSync(process.execPath, [join(typescript, 'bin/tsc'), '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
}
