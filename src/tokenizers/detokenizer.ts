import type { TextStream } from './text-stream.ts';
import type { DecodeOptions, Tokenizer } from './tokenizer.ts';

/**
 * Token ids to text while they come: `push` returns the text that has become final and never a part of a character.
 * All pieces and `flush` together are what `tokenizer.decode` gives for all ids at once. Constant time per token.
 *
 * @example
 * const detokenizer = new Detokenizer(tokenizer, { after: promptIds });
 * for await (const id of generated) process.stdout.write(detokenizer.push(id));
 * process.stdout.write(detokenizer.flush());
 */
export class Detokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #skipSpecialTokens: boolean;
  readonly #stream: TextStream;

  /**
   * `after`: the ids that came before, a prompt. Their text is not returned, but what follows may depend on them: a first
   * token `▁there` is `there` at the beginning of a text and ` there` after a prompt.
   */
  constructor(tokenizer: Tokenizer, options: DecodeOptions & { readonly after?: readonly number[] | undefined } = {}) {
    this.#tokenizer = tokenizer;
    this.#skipSpecialTokens = options.skipSpecialTokens ?? true;
    this.#stream = tokenizer.openTextStream();
    for (const id of options.after ?? []) this.push(id);
  }

  push(id: number): string {
    if (this.#skipSpecialTokens && this.#tokenizer.isSpecial(id)) return '';
    const token = this.#tokenizer.idToToken(id);
    return token === undefined ? '' : this.#stream.push(token);
  }

  /** What was held back, when no more ids come: the spaces at the end, U+FFFD for an unfinished character. */
  flush(): string {
    return this.#stream.end();
  }
}
