// The package as users get it: packed, checked by publint and attw, imported, required where Node can, bundled by Vite for
// a browser. Nothing is downloaded: the scratch project borrows this checkout's dependencies.
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'kvasir-package-'));
const run = (command, args, options = {}) =>
  execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], ...options });

try {
  const tarball = pack();
  run('npx', ['--no-install', 'publint', 'run', tarball, '--strict'], { stdio: 'inherit' });
  run('npx', ['--no-install', 'attw', tarball, '--profile', 'esm-only', '--format', 'ascii'], { stdio: 'inherit' });
  installInto(scratch, tarball);
  const size = statSync(tarball).size;
  console.log(`packed: ${(size / 1024).toFixed(0)} kB`);
  importIt();
  requireIt();
  bundleIt();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** dist/ is built already; scripts would build it again. */
function pack() {
  const [{ filename }] = JSON.parse(run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', scratch]));
  return join(scratch, filename);
}

function installInto(project, tarball) {
  const home = join(project, 'node_modules', 'kvasir');
  mkdirSync(home, { recursive: true });
  run('tar', ['-xzf', tarball, '-C', home, '--strip-components=1']);
  const modules = join(root, 'node_modules');
  for (const name of readdirSync(modules).filter((entry) => !entry.startsWith('.')))
    symlinkSync(join(modules, name), join(project, 'node_modules', name));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'scratch', private: true, type: 'module' }));
}

function importIt() {
  writeFileSync(join(scratch, 'use.mjs'), useFrom("import { LLM, modelPreset, ByteTokenizer } from 'kvasir';"));
  console.log(`import: ${run('node', ['use.mjs'], { cwd: scratch }).trim()}`);
}

/** Node loads ES modules with `require` from 20.19 and 22.12 on, where they have no top-level await. */
function requireIt() {
  if (process.features.require_module !== true) {
    console.log(`require: this Node (${process.version}) cannot load ES modules with require; not tried`);
    return;
  }
  const head = "const { LLM, modelPreset, ByteTokenizer } = require('kvasir');";
  writeFileSync(join(scratch, 'use.cjs'), `(async () => { ${useFrom(head)} })();`);
  console.log(`require: ${run('node', ['--no-warnings', 'use.cjs'], { cwd: scratch }).trim()}`);
}

function useFrom(head) {
  return `${head}
    const { config, naming } = modelPreset('gpt2');
    const small = { ...config, vocabSize: 259, hiddenSize: 32, intermediateSize: 64, numLayers: 1, numHeads: 2,
      numKvHeads: 2, headSize: 16, maxPositions: 64 };
    const llm = await LLM.random({ config: small, naming }, { tokenizer: new ByteTokenizer() });
    const { usage } = await llm.generate('Hello', { maxNewTokens: 4 });
    await llm.dispose();
    console.log(usage.completionTokens + ' tokens on ' + llm.backend.name);`;
}

function bundleIt() {
  writeFileSync(join(scratch, 'index.html'), '<!doctype html><script type="module" src="/main.js"></script>');
  writeFileSync(join(scratch, 'main.js'), useFrom("import { LLM, modelPreset, ByteTokenizer } from 'kvasir';"));
  const config = "export default { build: { target: 'esnext' }, worker: { format: 'es' }, logLevel: 'warn' };";
  writeFileSync(join(scratch, 'vite.config.js'), config);
  const output = run('node', [join(root, 'node_modules/vite/bin/vite.js'), 'build'], { cwd: scratch });
  const assets = readdirSync(join(scratch, 'dist/assets'));
  const text = assets.map((name) => readFileSync(join(scratch, 'dist/assets', name), 'utf8')).join('\n');
  const leaked = [...text.matchAll(/(?:from|import\()\s*["'](node:[a-z_/]+)["']/g)].map((match) => match[1]);
  if (leaked.length > 0) throw new Error(`The browser bundle imports ${[...new Set(leaked)].join(', ')}`);
  if (/externalized for browser/.test(output)) throw new Error(`The browser bundle needs Node modules:\n${output}`);
  const bytes = assets.reduce((sum, name) => sum + statSync(join(scratch, 'dist/assets', name)).size, 0);
  console.log(`vite: ${assets.length} assets, ${(bytes / 1024).toFixed(0)} kB in all`);
}
