import type { SequenceView } from '../sampling/sequence-view.ts';

/** A prompt and the tokens generated after it. */
export class TokenSequence implements SequenceView {
  readonly promptIds: readonly number[];
  readonly #generatedIds: number[] = [];
  readonly #tokenIds: number[];

  constructor(promptIds: readonly number[], generatedIds: readonly number[] = []) {
    this.promptIds = promptIds;
    this.#tokenIds = [...promptIds];
    this.append(generatedIds);
  }

  get generatedIds(): readonly number[] {
    return this.#generatedIds;
  }

  get tokenIds(): readonly number[] {
    return this.#tokenIds;
  }

  get position(): number {
    return this.#tokenIds.length;
  }

  append(tokenIds: readonly number[]): void {
    for (const tokenId of tokenIds) {
      this.#generatedIds.push(tokenId);
      this.#tokenIds.push(tokenId);
    }
  }

  /** Another sequence of the same tokens. */
  fork(): TokenSequence {
    return new TokenSequence(this.promptIds, this.#generatedIds);
  }
}
