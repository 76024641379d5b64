import { didYouMean } from '../base/suggest.ts';
import type { TextDocument } from './text-document.ts';

/** Where documents come from. Files are named by path, in a browser by URL. */
export type TextSource =
  | PlainTextSource
  /** One JSON object a line: `{"text"}`, `{"prompt", "completion"}` or `{"source", "target"}`. */
  | { readonly format: 'jsonl'; readonly path: string }
  /** One pair a line, source and target with a tab between them. */
  | { readonly format: 'tsv'; readonly path: string }
  /** Two text files whose lines belong together. */
  | { readonly format: 'parallel'; readonly sourcePath: string; readonly targetPath: string }
  /** Documents that are in memory already. */
  | { readonly format: 'documents'; readonly documents: readonly TextDocument[] };

/** A text file: one document, or several with a separator between them. */
export interface PlainTextSource {
  readonly format: 'text';
  readonly path: string;
  /**
   * What stands between documents, such as `<|endoftext|>` or `\n---\n`; it is no part of them, nor are line ends next to
   * it. Unless given, the file is one document, to the character.
   */
  readonly separator?: string | undefined;
}

const FIELDS = {
  text: { needed: ['path'], optional: ['separator'] },
  jsonl: { needed: ['path'], optional: [] },
  tsv: { needed: ['path'], optional: [] },
  parallel: { needed: ['sourcePath', 'targetPath'], optional: [] },
  documents: { needed: ['documents'], optional: [] },
} as const satisfies Record<TextSource['format'], { needed: readonly string[]; optional: readonly string[] }>;

const FORMATS = Object.keys(FIELDS) as TextSource['format'][];
const EXTENSIONS = { '.txt': 'text', '.jsonl': 'jsonl', '.ndjson': 'jsonl', '.tsv': 'tsv' } as const;

/** Checks a source; a path alone gets its format from its ending. Throws a `TypeError` that says what was wanted. */
export function parseSource(source: TextSource | string): TextSource {
  if (typeof source === 'string') return sourceOfPath(source);
  if (typeof source !== 'object' || source === null)
    throw new TypeError(`Cannot read a source of texts: got ${String(source)}, wanted a path or an object`);
  const { format } = source;
  if (!FORMATS.includes(format)) {
    const got = JSON.stringify(format) ?? 'missing';
    throw new TypeError(`Cannot read a source of texts: its format is ${got}, wanted ${FORMATS.join(', ')}`);
  }
  checkFields(source as TextSource & Readonly<Record<string, unknown>>);
  return source;
}

function sourceOfPath(path: string): TextSource {
  const extension = Object.keys(EXTENSIONS).find((one) => path.toLowerCase().endsWith(one));
  if (extension !== undefined) return { format: EXTENSIONS[extension as keyof typeof EXTENSIONS], path };
  const known = Object.keys(EXTENSIONS).join(', ');
  throw new TypeError(
    `Cannot tell the format of ${path}: it ends with none of ${known}; give { format, path } instead`,
  );
}

function checkFields(source: TextSource & Readonly<Record<string, unknown>>): void {
  const action = `Cannot read a source of format "${source.format}"`;
  const { needed, optional } = FIELDS[source.format];
  const known: readonly string[] = ['format', ...needed, ...optional];
  const foreign = Object.keys(source).find((name) => !known.includes(name));
  if (foreign !== undefined)
    throw new TypeError(`${action}: unknown field ${JSON.stringify(foreign)}${didYouMean(foreign, known)}`);
  for (const name of needed) {
    const isRight = name === 'documents' ? Array.isArray(source[name]) : isName(source[name]);
    const wanted = name === 'documents' ? 'a list of documents' : 'a path';
    if (!isRight) throw new TypeError(`${action}: ${name} is ${String(source[name])}, wanted ${wanted}`);
  }
  if (source.format === 'text' && source.separator !== undefined && !isName(source.separator))
    throw new TypeError(`${action}: separator is ${JSON.stringify(source.separator)}, wanted a text`);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
