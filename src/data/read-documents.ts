import { type Line, readLines } from './read-lines.ts';
import { type ReadOptions, readText } from './read-text.ts';
import { splitPlainText } from './split-plain-text.ts';
import { type DatasetKind, type DocumentPiece, pairPiece, parseDocument } from './text-document.ts';
import type { PlainTextSource, TextSource } from './text-source.ts';

/**
 * The documents of all sources, one after the other, in pieces that are read when they are wanted. Throws a `TypeError` or
 * `RangeError` that names file and line for what is not as it should be, for a source without documents, and for pairs
 * among texts.
 */
export async function* readDocuments(
  sources: readonly TextSource[],
  options: ReadOptions = {},
): AsyncGenerator<DocumentPiece> {
  let first: DocumentPiece | undefined;
  for (const source of sources) {
    let numPieces = 0;
    for await (const piece of readSource(source, options)) {
      options.signal?.throwIfAborted();
      first ??= piece;
      if (isPair(first.kind) !== isPair(piece.kind)) refuseMixture(first, piece);
      numPieces++;
      yield piece;
    }
    if (numPieces === 0) throw new RangeError(`Cannot read ${sourceName(source)}: it is empty, wanted text`);
  }
}

/** What error messages call a source. */
export function sourceName(source: TextSource): string {
  if (source.format === 'documents') return 'the documents';
  return source.format === 'parallel' ? `${source.sourcePath} and ${source.targetPath}` : source.path;
}

function isPair(kind: DatasetKind): boolean {
  return kind === 'pairs';
}

function refuseMixture(first: DocumentPiece, piece: DocumentPiece): never {
  const [pair, text] = isPair(first.kind) ? [first, piece] : [piece, first];
  throw new TypeError(
    `Cannot read ${piece.place}: ${pair.place} is a pair of source and target and ${text.place} is a text, wanted one kind`,
  );
}

function readSource(source: TextSource, options: ReadOptions): AsyncIterable<DocumentPiece> | Iterable<DocumentPiece> {
  switch (source.format) {
    case 'text':
      return readPlainText(source, options);
    case 'jsonl':
      return readJsonLines(source.path, options);
    case 'tsv':
      return readTabSeparated(source.path, options);
    case 'parallel':
      return readParallel(source.sourcePath, source.targetPath, options);
    case 'documents':
      return source.documents.map((document, i) => parseDocument(document, `document ${i}`));
    default:
      return source satisfies never;
  }
}

async function* readPlainText(source: PlainTextSource, options: ReadOptions): AsyncGenerator<DocumentPiece> {
  const { path, separator } = source;
  let number = 0;
  for await (const piece of splitPlainText(readText(path, options), separator)) {
    if (piece.isFirst) number++;
    yield { kind: 'text', prompt: '', ...piece, place: `${path}, document ${number}` };
  }
}

/** Blank lines are passed over. */
async function* readJsonLines(path: string, options: ReadOptions): AsyncGenerator<DocumentPiece> {
  for await (const { text, number } of readLines(path, options)) {
    if (text.trim() === '') continue;
    const place = `${path}, line ${number}`;
    yield parseDocument(parseJson(text, place), place);
  }
}

function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${place}: not valid JSON (${(cause as Error).message})`, { cause });
  }
}

async function* readTabSeparated(path: string, options: ReadOptions): AsyncGenerator<DocumentPiece> {
  for await (const { text, number } of readLines(path, options)) {
    const columns = text.split('\t');
    const place = `${path}, line ${number}`;
    if (columns.length !== 2)
      throw new TypeError(`Cannot read ${place}: it has ${columns.length} columns, wanted source, tab, target`);
    yield pairPiece(columns[0]!, columns[1]!, place);
  }
}

async function* readParallel(
  sourcePath: string,
  targetPath: string,
  options: ReadOptions,
): AsyncGenerator<DocumentPiece> {
  const targets = readLines(targetPath, options);
  let numLines = 0;
  try {
    for await (const source of readLines(sourcePath, options)) {
      const target = await targets.next();
      if (target.done) refuseLengths(sourcePath, targetPath, numLines);
      yield pairOfLines(sourcePath, targetPath, source, target.value);
      numLines++;
    }
    if (!(await targets.next()).done) refuseLengths(targetPath, sourcePath, numLines);
  } finally {
    await targets.return(undefined);
  }
}

function pairOfLines(sourcePath: string, targetPath: string, source: Line, target: Line): DocumentPiece {
  return pairPiece(source.text, target.text, `${sourcePath} and ${targetPath}, line ${source.number}`);
}

function refuseLengths(longer: string, shorter: string, numLines: number): never {
  throw new RangeError(
    `Cannot read ${longer} and ${shorter} together: ${shorter} ends after ${numLines} lines and ${longer} goes on, wanted as many`,
  );
}
