// Builds everything: the WebAssembly kernels into TypeScript modules (src/backends/wasm/generated), then TypeScript into
// dist/. With --wasm only the kernels; with --if-needed nothing when dist/ is younger than every source.
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildKernels } from './build-kernels.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

if (process.argv.includes('--if-needed') && isCurrent()) process.exit(0);

await buildKernels(root);
if (!process.argv.includes('--wasm')) {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
  execFileSync(process.execPath, [join(typescript, 'bin/tsc'), '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
}

/** Whether nothing that dist/ is made from has changed since it was made. */
function isCurrent() {
  const built = statSync(join(root, 'dist/index.js'), { throwIfNoEntry: false })?.mtimeMs;
  if (built === undefined) return false;
  const folders = [join(root, 'src'), join(root, 'scripts')];
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return [...files, join(root, 'package-lock.json'), join(root, 'tsconfig.build.json')].every(
    (file) => statSync(file).mtimeMs <= built || file.includes('generated'),
  );
}
