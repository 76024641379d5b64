/** A piece of a text and its id. */
export interface Piece {
  readonly text: string;
  readonly id: number;
}

/** Cuts normalised text into pieces. */
export interface SubwordModel {
  /** The pieces, which put together are the text; what is unknown has the id of the unknown piece, one character each. */
  segment(text: string): Piece[];
}

/** The code units of the character at a place: 2 for a surrogate pair. */
export function characterLength(text: string, at: number): number {
  return text.codePointAt(at)! > 0xffff ? 2 : 1;
}
