/** Tokens, numbered as they come. */
export class Vocabulary {
  readonly tokens: string[] = [];
  readonly #ids = new Map<string, number>();

  get size(): number {
    return this.tokens.length;
  }

  /** The id of a token, a new one if it has none. */
  idOf(token: string): number {
    const known = this.#ids.get(token);
    if (known !== undefined) return known;
    const id = this.tokens.length;
    this.#ids.set(token, id);
    this.tokens.push(token);
    return id;
  }
}
