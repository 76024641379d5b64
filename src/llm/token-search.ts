import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** Finds tokens by what is in their texts. All of the vocabulary is looked through, so the last answer is kept. */
export class TokenSearch {
  readonly #tokenizer: Tokenizer;
  #lastTexts: readonly string[] = [];
  #lastIds: ReadonlySet<number> = new Set();

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  /** Every token whose text holds one of the given texts. */
  tokensWith(texts: readonly string[]): ReadonlySet<number> {
    const isLast = texts.length === this.#lastTexts.length && texts.every((text, i) => text === this.#lastTexts[i]);
    if (!isLast) {
      this.#lastIds = this.#find(texts);
      this.#lastTexts = [...texts];
    }
    return this.#lastIds;
  }

  #find(texts: readonly string[]): ReadonlySet<number> {
    const ids = new Set<number>();
    for (let id = 0; id < this.#tokenizer.vocabSize; id++) {
      const text = this.#tokenizer.decode([id], { skipSpecialTokens: false });
      if (texts.some((wanted) => text.includes(wanted))) ids.add(id);
    }
    return ids;
  }
}
