// What a compute thread runs. scripts/build-kernels.mjs puts this text into generated/worker-source.ts, from where
// worker-pool.ts starts it: it must stand alone, in Node and in browsers.
const isNode = typeof process === 'object' && process.versions?.node !== undefined;
const port = isNode ? process.getBuiltinModule('node:worker_threads').parentPort : globalThis;

function serve({ module, memory, thread, threads, spareProcessors }) {
  const listCompleted = () => port.postMessage('completed');
  const words = new Int32Array(memory.buffer);
  const sleep = (word, value) => Atomics.wait(words, word / 4, value);
  const { exports } = new WebAssembly.Instance(module, { env: { memory, listCompleted, sleep } });
  port.postMessage('ready');
  exports.serve(thread, threads, spareProcessors); // never returns
}

if (isNode) port.once('message', serve);
else port.onmessage = (event) => serve(event.data);
