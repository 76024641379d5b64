import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Backend } from '../../backend/backend.ts';
import { conformanceCases } from '../../backend/conformance.ts';
import { createReferenceBackend } from '../reference/reference-backend.ts';
import { createWasmBackend } from './wasm-backend.ts';

const reference = createReferenceBackend();

const variants = {
  'fused, 1 thread': { numerics: 'fused', threads: 1 },
  'fused, 2 threads': { numerics: 'fused', threads: 2 },
  'fused, 3 threads': { numerics: 'fused', threads: 3 },
  'portable, 2 threads': { numerics: 'portable', threads: 2 },
} as const;

for (const [name, options] of Object.entries(variants)) {
  describe(`The WASM backend conforms (${name})`, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await createWasmBackend(options);
    });
    afterAll(() => backend.dispose());
    test.each(conformanceCases.map((it) => [it.name, it] as const))('%s', (_, it) => it.run(backend, reference));
  });
}
