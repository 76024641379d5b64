import { createBackend } from 'kvasir';

const OPERATIONS = 3840;
const WARM_UP = 30;

/**
 * Seconds of one operation that has next to nothing to do: decoding its command, and the barrier after it. A matrix
 * product goes first, to keep the threads busy while JavaScript is still recording, and its own time is taken off.
 */
export async function measure({ threads, rounds }) {
  const backend = await createBackend({ threads });
  const tiny = backend.allocate('float32', 4);
  backend.write(tiny, Float32Array.of(1, 2, 3, 4));
  const product = matrixProduct(backend);
  const seconds = [];
  for (let round = 0; round < WARM_UP + rounds; round++) {
    const alone = await time(backend, product);
    const together = await time(backend, () => {
      product();
      for (let i = 0; i < OPERATIONS; i++) backend.scale(tiny, tiny, 1);
    });
    if (round >= WARM_UP) seconds.push((together - alone) / OPERATIONS);
  }
  await backend.dispose();
  return { seconds };
}

/** 128 × 1024 × 1024: some milliseconds. */
function matrixProduct(backend) {
  const weight = backend.allocateMatrix('float32', 1024, 1024);
  const input = backend.allocate('float32', 128 * 1024);
  const output = backend.allocate('float32', 128 * 1024);
  backend.fill(input, 1);
  return () => backend.linear(output, input, weight, undefined);
}

async function time(backend, record) {
  const start = performance.now();
  record();
  await backend.synchronize();
  return (performance.now() - start) / 1000;
}
