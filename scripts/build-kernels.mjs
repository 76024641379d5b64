// Compiles src/backends/wasm/assembly once per variant: fused (relaxed SIMD) or portable, for shared memory with threads
// or for memory of its own. Each becomes a TypeScript module that holds the bytes in base64, and so does the source of the
// worker: no bundler has to know of files beside the code.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const VARIANTS = [
  { name: 'fused-shared', isFused: true, isShared: true },
  { name: 'fused-unshared', isFused: true, isShared: false },
  { name: 'portable-shared', isFused: false, isShared: true },
  { name: 'portable-unshared', isFused: false, isShared: false },
];

/** The first address after the constants must not reach the words that threads share (memory-map.ts). */
const CONSTANTS_LIMIT = 16384;

export async function buildKernels(root) {
  const folder = join(root, 'src/backends/wasm/generated');
  mkdirSync(folder, { recursive: true });
  const worker = readFileSync(join(root, 'src/backends/wasm/worker.js'), 'utf8');
  writeModule(join(folder, 'worker-source.ts'), 'workerSource', worker);
  const compiled = await Promise.all(VARIANTS.map((variant) => compileInThread(root, variant)));
  for (const [i, bytes] of compiled.entries()) {
    checkConstants(VARIANTS[i], bytes);
    writeModule(join(folder, `kernels-${VARIANTS[i].name}.ts`), 'kernels', Buffer.from(bytes).toString('base64'));
  }
}

function writeModule(path, name, text) {
  writeFileSync(path, `// Made by scripts/build-kernels.mjs.\nexport const ${name} = ${JSON.stringify(text)};\n`);
}

function compileInThread(root, variant) {
  return new Promise((resolve, reject) => {
    const thread = new Worker(fileURLToPath(import.meta.url), { workerData: { root, variant } });
    thread.once('message', resolve);
    thread.once('error', reject);
  });
}

async function compile(root, { name, isFused, isShared }) {
  const { default: asc } = await import('assemblyscript/asc');
  let bytes;
  const features = ['simd', ...(isShared ? ['threads'] : []), ...(isFused ? ['relaxed-simd'] : [])];
  const memory = isShared ? ['--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'] : [];
  const { error, stderr } = await asc.main(
    [
      'src/backends/wasm/assembly/index.ts',
      ...['-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort='],
      ...['--importMemory', '--memoryBase', '1024', ...memory],
      ...['--enable', features.join(',')],
      ...['--baseDir', root, '--outFile', 'kernels.wasm'],
    ],
    {
      readFile: (file, base) => readText(join(base, file)),
      writeFile: (_, contents) => {
        bytes = contents;
      },
    },
  );
  if (error) throw new Error(`Cannot compile the ${name} kernels:\n${stderr}`, { cause: error });
  return bytes;
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // asc asks for many files that need not exist
  }
}

/** All variants have the same constants; this one every engine can run. */
function checkConstants({ name }, bytes) {
  if (name !== 'portable-unshared') return;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const end = exports.constantsEnd();
  if (end > CONSTANTS_LIMIT) throw new Error(`The kernels' constants end at ${end}, wanted at most ${CONSTANTS_LIMIT}`);
}

if (!isMainThread && workerData?.variant !== undefined) {
  parentPort.postMessage(await compile(workerData.root, workerData.variant));
}
