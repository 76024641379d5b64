import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** Disposes of backends whose threads have not started, are about to say that they have, or have done so. */
const SCRIPT = `
import { createBackend } from 'kvasir';
for (let ms = 0; ms <= 80; ms += 4) {
  const backend = await createBackend({ threads: 1 });
  const end = performance.now() + ms;
  while (performance.now() < end);
  await backend.dispose();
}
console.log('end');
`;

test('the process lives until a backend is disposed, however far its threads have come', () => {
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', SCRIPT], { encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'end\n' });
});
