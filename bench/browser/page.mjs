// What drive.mjs calls. The engine runs in a worker, as it should in a page.

window.measureKvasir = (parameters) => {
  const worker = new Worker(new URL('./worker.mjs', import.meta.url), { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      worker.terminate();
      if (data.error === undefined) resolve(data);
      else reject(new Error(data.error));
    };
    worker.onerror = (event) => reject(new Error(`The worker failed: ${event.message}`));
    worker.postMessage(parameters);
  });
};

/** wllama stops at text that is not UTF-8, which a random model writes; so it is made to write one ASCII token. */
const PLAIN_TEXT = { logit_bias: [[300, 1000]], ignore_eos: true };

/** wllama as its authors serve it, by its own account of the time. */
window.measureWllama = async ({ gguf, threads, tokens }) => {
  const { Wllama } = await import(/* @vite-ignore */ `${location.origin}/wllama/index.js`);
  const silent = { debug() {}, log() {}, warn() {}, error: console.error };
  const wllama = new Wllama({ default: `${location.origin}/wllama/wasm/wllama.wasm` }, { logger: silent });
  const file = await (await fetch(gguf)).blob();
  await wllama.loadModel([file], { n_ctx: 1024, n_batch: 512, n_ubatch: 512, n_threads: threads, n_gpu_layers: 0 });
  const complete = (prompt, tokens) =>
    wllama.createCompletion({ ...PLAIN_TEXT, prompt, max_tokens: tokens, temperature: 0 });
  await complete('a short prompt to warm up', 8);
  const { timings } = await complete(' the quick brown fox jumps over the lazy dog'.repeat(16), tokens);
  const isMultithread = wllama.isMultithread();
  await wllama.exit();
  return { timings, isMultithread };
};
