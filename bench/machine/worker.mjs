import { parentPort, workerData } from 'node:worker_threads';

const { module, memory, arrivals, index, threads } = workerData;
const words = new Int32Array(memory.buffer);
const sleep = (address, value) => Atomics.wait(words, address / 4, value);
const { exports } = await WebAssembly.instantiate(module, { env: { memory, sleep } });

parentPort.on('message', ({ kernel, parameters, round }) => {
  const run = exports[kernel];
  // Everybody starts at once: the clock runs from the last arrival to the last finish.
  Atomics.add(arrivals, 0, 1);
  while (Atomics.load(arrivals, 0) < round * threads);
  const start = nanoseconds();
  run(...parameters[index]);
  parentPort.postMessage({ start, end: nanoseconds() });
});
parentPort.postMessage('ready');

/** The same clock in every thread. */
function nanoseconds() {
  return Number(process.hrtime.bigint());
}
