import { describe, test } from 'vitest';
import { conformanceCases } from '../../backend/conformance.ts';
import { createReferenceBackend } from './reference-backend.ts';

describe('The reference backend conforms', () => {
  const [backend, reference] = [createReferenceBackend(), createReferenceBackend()];
  test.each(conformanceCases.map((it) => [it.name, it] as const))('%s', (_, it) => it.run(backend, reference));
});
