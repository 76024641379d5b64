import { platform } from '#platform';
import { TOKENIZER_FILES } from '../tokenizers/tokenizer-file-names.ts';

/** What a model's folder may hold beside configuration and weights, in all tokenizer formats. */
const FILES = [...TOKENIZER_FILES, 'chat_template.jinja', 'generation_config.json'];

/** Copies tokenizer and generation settings of a model's folder, as far as it has them. */
export async function copyModelFiles(from: string, to: string): Promise<void> {
  for (const name of FILES) {
    const location = platform.join(from, name);
    if (await platform.isFile(location)) await copyFile(location, platform.join(to, name));
  }
}

async function copyFile(from: string, to: string): Promise<void> {
  const file = await platform.openFile(from);
  try {
    const bytes = new Uint8Array(file.size);
    await file.read(bytes, 0);
    await platform.writeFileAtomically(to, (copy) => copy.append(bytes));
  } finally {
    await file.close();
  }
}
