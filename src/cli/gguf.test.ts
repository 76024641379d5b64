import { expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { runCli } from '../../test/run-cli.ts';
import { saveRandomLlama } from '../../test/save-random-llama.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { writeGguf } from '../models/gguf/write-gguf.ts';

const files = temporaryFolder();
const folder = goldenPath('models', 'llama-gqa');

test('kvasir inspect shows metadata, tensors and types of a GGUF file', async () => {
  const location = files.path('model.gguf');
  await saveRandomLlama(files.path('model'));
  await writeGguf(files.path('model'), location, { dtype: 'q8_0' });
  const { exitCode, stdout } = await runCli(['inspect', location, '--json']);
  expect(exitCode).toBe(0);
  const facts = JSON.parse(stdout);
  expect(facts).toMatchObject({ architecture: 'llama', config: { hiddenSize: 32 } });
  expect(facts.metadata['general.file_type']).toBe('7');
  expect(facts.tensors.map(({ dtype }: { dtype: string }) => dtype)).toContain('q8_0');
});

test('kvasir generate writes from a GGUF file what it writes from the folder', async () => {
  const location = files.path('model.gguf');
  await writeGguf(folder, location);
  const flags = ['Once upon', '--max-new-tokens', '8', '--device', 'reference', '--temperature', '0'];
  const [fromFile, fromFolder] = [
    await runCli(['generate', '--model', location, ...flags]),
    await runCli(['generate', '--model', folder, ...flags]),
  ];
  expect(fromFile.exitCode).toBe(0);
  expect(fromFile.stdout).toBe(fromFolder.stdout);
});
