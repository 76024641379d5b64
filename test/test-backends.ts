import type { Backend } from '../src/backend/backend.ts';
import { createBackend } from '../src/create-backend.ts';

/** The backends that every model is tested on. */
export const testBackends: Readonly<Record<string, () => Promise<Backend>>> = {
  reference: () => createBackend({ device: 'reference' }),
  wasm: () => createBackend({ device: 'wasm', threads: 2 }),
};

/** What `body` gives on a WASM backend of its own. */
export async function onBackend<Result>(body: (backend: Backend) => Promise<Result>): Promise<Result> {
  const backend = await testBackends.wasm!();
  try {
    return await body(backend);
  } finally {
    await backend.dispose();
  }
}
