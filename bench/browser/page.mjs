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

/** wllama as its authors serve it, by its own account of the time. */
window.measureWllama = async ({ gguf, threads, tokens, rounds }) => {
  const { Wllama } = await import(/* @vite-ignore */ `${location.origin}/wllama/index.js`);
  const silent = { debug() {}, log() {}, warn() {}, error: console.error };
  const wllama = new Wllama({ default: `${location.origin}/wllama/wasm/wllama.wasm` }, { logger: silent });
  const file = await (await fetch(gguf)).blob();
  await wllama.loadModel([file], { n_ctx: 1024, n_batch: 512, n_ubatch: 512, n_threads: threads, n_gpu_layers: 0 });
  const runs = [];
  for (let round = 0; round <= rounds; round++) {
    // The round is at the front, so that nothing of the prompt is cached.
    const prompt = `${round}${' the quick brown fox jumps over the lazy dog'.repeat(40)}`;
    const { timings } = await wllama.createCompletion({ prompt, max_tokens: tokens, temperature: 0, ignore_eos: true });
    if (round > 0) runs.push(timings);
  }
  const isMultithread = wllama.isMultithread();
  await wllama.exit();
  return { runs, isMultithread };
};
