import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goldenNames, goldenPath, readGoldenJson } from '../../test/goldens.ts';
import { type ChatMessage, loadChatTemplate } from './chat-template.ts';
import { Detokenizer } from './detokenizer.ts';
import { HuggingFaceTokenizer } from './hugging-face-tokenizer.ts';

/** What Python's tokenizers and transformers say of the same files. */
interface Golden {
  readonly vocabSize: number;
  readonly texts: readonly {
    readonly text: string;
    readonly ids: readonly number[];
    readonly idsWithoutSpecial: readonly number[];
    readonly tokens: readonly string[];
    readonly decoded: string;
    readonly decodedWithoutSpecial: string;
  }[];
  readonly chats?: readonly {
    readonly messages: readonly ChatMessage[];
    readonly addGenerationPrompt: boolean;
    readonly rendered?: string;
    readonly ids?: readonly number[];
    /** What the template objected to. */
    readonly error?: string;
  }[];
}

describe.each(goldenNames('tokenizers'))('%s', (name) => {
  const golden = readGoldenJson<Golden>('tokenizers', name, 'golden.json');
  const file = (fileName: string) => readFileSync(goldenPath('tokenizers', name, fileName), 'utf8');
  const tokenizer = new HuggingFaceTokenizer(file('tokenizer.json'), file('tokenizer_config.json'));

  test('has as many tokens', () => {
    expect(tokenizer.vocabSize).toBe(golden.vocabSize);
  });

  test.each(golden.texts)('encodes and decodes $text', ({ text, ids, idsWithoutSpecial, tokens, ...decoded }) => {
    expect(tokenizer.encode(text)).toEqual(ids);
    expect(tokenizer.encode(text, { addSpecialTokens: false })).toEqual(idsWithoutSpecial);
    expect(ids.map((id) => tokenizer.idToToken(id))).toEqual(tokens);
    expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(decoded.decoded);
    expect(tokenizer.decode(ids)).toBe(decoded.decodedWithoutSpecial);
  });

  test('streams any ids to what they are as a whole', () => {
    const someIds = fc.array(fc.nat(tokenizer.vocabSize - 1), { maxLength: 50 });
    fc.assert(
      fc.property(someIds, fc.boolean(), (ids, skipSpecialTokens) => {
        const detokenizer = new Detokenizer(tokenizer, { skipSpecialTokens });
        const streamed = ids.map((id) => detokenizer.push(id)).join('') + detokenizer.flush();
        expect(streamed).toBe(tokenizer.decode(ids, { skipSpecialTokens }));
      }),
    );
  });

  test('writes conversations', async () => {
    const template = await loadChatTemplate(goldenPath('tokenizers', name));
    expect(template.isAvailable).toBe(golden.chats !== undefined);
    for (const { messages, addGenerationPrompt, rendered, ids, error } of golden.chats ?? []) {
      const render = () => template.render(messages, { addGenerationPrompt });
      if (error !== undefined) {
        expect(render).toThrow(error);
        continue;
      }
      const text = render();
      expect(text).toBe(rendered);
      expect(tokenizer.encode(text, { addSpecialTokens: false })).toEqual(ids);
    }
  });
});
