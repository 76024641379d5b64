import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { goldenPath } from './goldens.ts';

/** Tokens that begin a text, pad it, end it, and stand for unknown words. */
const SPECIAL = ['<s>', '<pad>', '</s>', '<unk>'];

/**
 * A folder with the random BART of the goldens and a tokenizer of words: `w4` … `w60`, of which all before `languages` of them, if
 * these are given, stand for languages. Its targets end with the likely token 37.
 */
export async function saveTinyTranslator(
  folder: string,
  options: { readonly languages?: readonly string[]; readonly settings?: object } = {},
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const { languages = [], settings = {} } = options;
  const name = languages.length > 0 ? 'm2m-100' : 'bart';
  for (const file of ['config.json', 'model.safetensors'])
    await copyFile(goldenPath('encoder-decoder', name, file), join(folder, file));
  const words = Array.from({ length: 61 - SPECIAL.length }, (_, i) => `w${i + SPECIAL.length}`);
  const tokens = [...SPECIAL, ...languages.map((code) => `__${code}__`), ...words.slice(languages.length)];
  const special = [...SPECIAL.keys(), ...languages.map((_, i) => SPECIAL.length + i)];
  const end = { id: '</s>', type_id: 0 };
  const tokenizer = {
    added_tokens: special.map((id) => ({ id, content: tokens[id], special: true })),
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: end }],
      pair: [],
      special_tokens: { '</s>': { id: '</s>', ids: [2], tokens: ['</s>'] } },
    },
    decoder: null,
    model: { type: 'WordLevel', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), unk_token: '<unk>' },
  };
  const config = { eos_token: '</s>', unk_token: '<unk>', pad_token: '<pad>', bos_token: '<s>' };
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
  const generation = { decoder_start_token_id: 2, eos_token_id: [2, 37], max_length: 12, num_beams: 3, ...settings };
  await writeFile(join(folder, 'generation_config.json'), JSON.stringify(generation));
  return folder;
}
