import { PIECE_TYPES } from './piece-types.ts';
import { bytes, type FieldReaders, flag, float, readMessage, text, varint } from './read-message.ts';

/** What a SentencePiece `.model` file says (`sentencepiece_model.proto`). */
export interface SentencePieceModel {
  /** What errors call the file. */
  readonly location: string;
  readonly kind: 'unigram' | 'bpe';
  /** By id. */
  readonly pieces: readonly string[];
  /** By id: log probabilities of a Unigram, minus the order of merging of a BPE. */
  readonly scores: Float32Array;
  /** By id: `PIECE_TYPES`. */
  readonly types: Uint8Array;
  /** The id of the one piece of type unknown. */
  readonly unkId: number;
  /** Ids of roles, or undefined for none. */
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  readonly padId: number | undefined;
  /** Whether unknown characters become the pieces `<0x00>` to `<0xFF>`. */
  readonly byteFallback: boolean;
  /** What the unknown piece is as text. */
  readonly unkSurface: string;
  readonly normalizer: NormalizerSettings;
}

/** What is done to a text before it is cut into pieces. */
export interface NormalizerSettings {
  /** Replacements of characters as `CharacterMap` reads them; empty for none. */
  readonly charsmap: Uint8Array;
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  readonly escapeWhitespaces: boolean;
  readonly whitespaceIsSuffix: boolean;
}

/** A hostile file could otherwise make the search of a text long without end: pieces of the models in use have up to 48 characters. */
const MAX_PIECE_LENGTH = 1024;
const MAX_PIECES = 1 << 22;

/** Reads a `.model` file. Throws a `RangeError` that names `location` for bytes that do not hold, and a `TypeError` for word and character models and denormalisers. */
export function parseSentencePieceModel(file: Uint8Array, location: string): SentencePieceModel {
  const draft = new Draft();
  try {
    readMessage(file, draft.fields);
    return draft.finish(location);
  } catch (cause) {
    const Kind = cause instanceof TypeError ? TypeError : RangeError;
    throw new Kind(`Cannot read ${location} as a SentencePiece model: ${(cause as Error).message}`, { cause });
  }
}

const KINDS: Readonly<Record<number, string>> = { 1: 'unigram', 2: 'bpe', 3: 'word', 4: 'char' };

/** A model while it is being read, with the defaults of the schema. */
class Draft {
  readonly #pieces: string[] = [];
  readonly #scores: number[] = [];
  readonly #types: number[] = [];
  #kind = 1;
  #byteFallback = false;
  #whitespaceIsSuffix = false;
  #unkSurface = ' \u2047 ';
  readonly #roles = { bos: 1, eos: 2, pad: -1 };
  readonly #normalizer = {
    charsmap: new Uint8Array(),
    addDummyPrefix: true,
    removeExtraWhitespaces: true,
    escapeWhitespaces: true,
  };

  readonly fields: FieldReaders = {
    1: bytes((message) => this.#readPiece(message)),
    2: bytes((message) => readMessage(message, this.#trainerFields)),
    3: bytes((message) => readMessage(message, this.#normalizerFields)),
    5: bytes((message) => readMessage(message, this.#denormalizerFields)),
  };

  readonly #trainerFields: FieldReaders = {
    3: varint((value) => {
      this.#kind = value;
    }),
    24: flag((value) => {
      this.#whitespaceIsSuffix = value;
    }),
    35: flag((value) => {
      this.#byteFallback = value;
    }),
    41: varint((value) => {
      this.#roles.bos = value;
    }),
    42: varint((value) => {
      this.#roles.eos = value;
    }),
    43: varint((value) => {
      this.#roles.pad = value;
    }),
    44: text((value) => {
      this.#unkSurface = value;
    }),
  };

  readonly #normalizerFields: FieldReaders = {
    2: bytes((value) => {
      this.#normalizer.charsmap = value.slice();
    }),
    3: flag((value) => {
      this.#normalizer.addDummyPrefix = value;
    }),
    4: flag((value) => {
      this.#normalizer.removeExtraWhitespaces = value;
    }),
    5: flag((value) => {
      this.#normalizer.escapeWhitespaces = value;
    }),
  };

  readonly #denormalizerFields: FieldReaders = {
    2: bytes((value) => {
      if (value.length > 0) throw new TypeError('it changes characters of what it decodes, which is not supported');
    }),
  };

  #readPiece(message: Uint8Array): void {
    let [piece, score, type]: [string, number, number] = ['', 0, PIECE_TYPES.normal];
    readMessage(message, {
      1: text((value) => {
        piece = value;
      }),
      2: float((value) => {
        score = value;
      }),
      3: varint((value) => {
        type = value;
      }),
    });
    const id = this.#pieces.length;
    if (id === MAX_PIECES) throw new RangeError(`it has more than ${MAX_PIECES} pieces`);
    if (piece === '' || piece.length > MAX_PIECE_LENGTH)
      throw new RangeError(`piece ${id} has ${piece.length} characters, wanted 1 to ${MAX_PIECE_LENGTH}`);
    if (!Number.isFinite(score)) throw new RangeError(`the score of piece ${id} is ${score}`);
    if (!(type >= PIECE_TYPES.normal && type <= PIECE_TYPES.byte))
      throw new RangeError(`piece ${id} is of type ${type}, wanted 1 to 6`);
    this.#pieces.push(piece);
    this.#scores.push(score);
    this.#types.push(type);
  }

  finish(location: string): SentencePieceModel {
    const kind = KINDS[this.#kind];
    if (kind !== 'unigram' && kind !== 'bpe')
      throw new TypeError(`its model type is ${kind ?? this.#kind}, wanted unigram or bpe`);
    this.#expectDistinct();
    const unkId = this.#types.indexOf(PIECE_TYPES.unknown);
    if (unkId < 0) throw new RangeError('it has no piece for what is unknown');
    this.#expectBytes();
    const role = (id: number) => (id >= 0 && id < this.#pieces.length ? id : undefined);
    return {
      location,
      kind,
      pieces: this.#pieces,
      scores: Float32Array.from(this.#scores),
      types: Uint8Array.from(this.#types),
      unkId,
      bosId: role(this.#roles.bos),
      eosId: role(this.#roles.eos),
      padId: role(this.#roles.pad),
      byteFallback: this.#byteFallback,
      unkSurface: this.#unkSurface,
      normalizer: { ...this.#normalizer, whitespaceIsSuffix: this.#whitespaceIsSuffix },
    };
  }

  #expectDistinct(): void {
    if (this.#types.indexOf(PIECE_TYPES.unknown) !== this.#types.lastIndexOf(PIECE_TYPES.unknown))
      throw new RangeError('it has several pieces for what is unknown');
    const seen = new Set<string>();
    for (const piece of this.#pieces) {
      if (seen.has(piece)) throw new RangeError(`it has the piece ${JSON.stringify(piece)} twice`);
      seen.add(piece);
    }
  }

  #expectBytes(): void {
    const found = this.#pieces.filter((_, id) => this.#types[id] === PIECE_TYPES.byte);
    const faulty = found.find((piece) => byteOfPiece(piece) === undefined);
    if (faulty !== undefined) throw new RangeError(`its byte piece ${JSON.stringify(faulty)} is no byte`);
    const wanted = this.#byteFallback ? 256 : 0;
    if (found.length !== wanted) throw new RangeError(`it has ${found.length} pieces for bytes, wanted ${wanted}`);
  }
}

/** The byte that `<0x0A>` stands for. */
export function byteOfPiece(piece: string): number | undefined {
  const digits = /^<0x([0-9A-F]{2})>$/.exec(piece)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

/** `<0x0A>`. */
export function pieceOfByte(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}
