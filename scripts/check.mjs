// The gate: everything that must hold before a change lands, fast checks first. `node scripts/check.mjs [step...]`
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const STEPS = {
  format: ['Format and lint', ['npx', '--no-install', 'biome', 'check', '--error-on-warnings', '.']],
  layers: ['Layers of src/', ['node', 'scripts/check-layers.mjs']],
  types: ['Types', ['npx', '--no-install', 'tsc', '--noEmit']],
  unused: ['Unused files, exports and dependencies', ['npx', '--no-install', 'knip']],
  build: ['Build (WASM and TypeScript)', ['node', 'scripts/build.mjs']],
  package: ['The package from outside', ['node', 'scripts/check-package.mjs']],
  tests: ['Unit, conformance and golden tests', ['npx', '--no-install', 'vitest', 'run']],
  examples: ['Examples', ['node', 'scripts/check-examples.mjs']],
  browser: ['Browser', ['node', 'scripts/check-browser.mjs']],
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in STEPS));
if (unknown.length > 0) {
  console.error(`Unknown step ${unknown.join(', ')}; known: ${Object.keys(STEPS).join(', ')}`);
  process.exit(2);
}

const failed = [];
for (const [name, [title, [command, ...args]]] of Object.entries(STEPS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n▸ ${title}`);
  const start = performance.now();
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  console.log(`${status === 0 ? '✔' : '✘'} ${title} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  if (status !== 0) failed.push(title);
}
const numPassed = (wanted.length || Object.keys(STEPS).length) - failed.length;
if (failed.length > 0) console.error(`\nFailed: ${failed.join(', ')}`);
console.log(`\n${numPassed} passed, ${failed.length} failed`);
process.exit(failed.length === 0 ? 0 : 1);
