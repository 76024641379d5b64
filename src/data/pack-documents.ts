/** Rows of at most so many tokens, each made of whole documents, or of a piece of one that is longer. */
export interface PackedRows {
  readonly numRows: number;
  /** (rows + 1): the pieces of row r are those from `rowStarts[r]` to below `rowStarts[r + 1]`. */
  readonly rowStarts: Uint32Array;
  /** (pieces): the document that a piece is of. */
  readonly documents: Uint32Array;
  /** (pieces): which piece of its document, each of `contextLength` tokens but the last. */
  readonly parts: Uint32Array;
}

export interface PackOptions {
  readonly contextLength: number;
  /** Rows that later documents may still go into; with 1, documents stay in their order. */
  readonly maxOpenRows: number;
}

/**
 * First fit (Johnson 1974): a document goes into the first open row that has room for it, or into a new one; when too many
 * are open, the oldest is closed. `lengths` are those of the documents, `at` says which of them comes next.
 */
export function packDocuments(
  lengths: Uint32Array,
  at: (index: number) => number,
  { contextLength, maxOpenRows }: PackOptions,
): PackedRows {
  const packer = new Packer(contextLength, maxOpenRows, new RowCollector(countPieces(lengths, contextLength)));
  for (let i = 0; i < lengths.length; i++) {
    const document = at(i);
    const numFull = Math.floor(lengths[document]! / contextLength);
    for (let part = 0; part < numFull; part++) packer.addFull({ document, part });
    const rest = lengths[document]! - numFull * contextLength;
    if (rest > 0) packer.add({ document, part: numFull }, rest);
  }
  return packer.finish();
}

function countPieces(lengths: Uint32Array, contextLength: number): number {
  return lengths.reduce((sum, length) => sum + Math.ceil(length / contextLength), 0);
}

interface Piece {
  readonly document: number;
  readonly part: number;
}

interface OpenRow {
  room: number;
  readonly pieces: Piece[];
}

class Packer {
  readonly #contextLength: number;
  readonly #maxOpenRows: number;
  readonly #rows: RowCollector;
  /** Oldest first. */
  readonly #open: OpenRow[] = [];

  constructor(contextLength: number, maxOpenRows: number, rows: RowCollector) {
    this.#contextLength = contextLength;
    this.#maxOpenRows = maxOpenRows;
    this.#rows = rows;
  }

  /** A piece that fills a row. */
  addFull(piece: Piece): void {
    if (this.#maxOpenRows === 1) this.#close(this.#open.length);
    this.#rows.add([piece]);
  }

  add(piece: Piece, length: number): void {
    const row = this.#open.find(({ room }) => room >= length);
    if (row === undefined) {
      this.#close(this.#open.length + 1 - this.#maxOpenRows);
      this.#open.push({ room: this.#contextLength - length, pieces: [piece] });
    } else {
      row.room -= length;
      row.pieces.push(piece);
    }
  }

  finish(): PackedRows {
    this.#close(this.#open.length);
    return this.#rows.finish();
  }

  /** Closes the oldest rows. */
  #close(count: number): void {
    for (const { pieces } of this.#open.splice(0, Math.max(0, count))) this.#rows.add(pieces);
  }
}

class RowCollector {
  readonly #documents: Uint32Array;
  readonly #parts: Uint32Array;
  readonly #rowStarts: Uint32Array;
  #numPieces = 0;
  #numRows = 0;

  constructor(numPieces: number) {
    this.#documents = new Uint32Array(numPieces);
    this.#parts = new Uint32Array(numPieces);
    this.#rowStarts = new Uint32Array(numPieces + 1);
  }

  add(pieces: readonly Piece[]): void {
    for (const { document, part } of pieces) {
      this.#documents[this.#numPieces] = document;
      this.#parts[this.#numPieces] = part;
      this.#numPieces++;
    }
    this.#numRows++;
    this.#rowStarts[this.#numRows] = this.#numPieces;
  }

  finish(): PackedRows {
    const rowStarts = this.#rowStarts.slice(0, this.#numRows + 1);
    return { numRows: this.#numRows, rowStarts, documents: this.#documents, parts: this.#parts };
  }
}
