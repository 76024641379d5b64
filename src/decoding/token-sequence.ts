import type { SequenceView } from '../sampling/sequence-view.ts';

/** A prompt and the tokens generated after it. */
export class TokenSequence implements SequenceView {
  readonly promptIds: readonly number[];
  readonly sourceIds: readonly number[] | undefined;
  readonly #generatedIds: number[] = [];
  readonly #tokenIds: number[];

  constructor(promptIds: readonly number[], generatedIds: readonly number[] = [], sourceIds?: readonly number[]) {
    this.promptIds = promptIds;
    this.sourceIds = sourceIds;
    this.#tokenIds = [...promptIds];
    this.append(generatedIds);
  }

  /** A sequence of the same tokens as another. */
  static of({ promptIds, generatedIds, sourceIds }: SequenceView): TokenSequence {
    return new TokenSequence(promptIds, generatedIds, sourceIds);
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
    return TokenSequence.of(this);
  }
}
