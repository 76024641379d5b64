import type { OptionReader } from '../../config/option-readers.ts';
import { readOptions } from '../../config/read-options.ts';
import type { TextSource } from '../../data/text-source.ts';

/** Some data, and how much of it there is among others. */
export interface DataPart {
  readonly path: string;
  /** The text file whose lines are the targets of those of `path`. */
  readonly target?: string | undefined;
  /** Undefined where nobody says one: then the data are read one after the other, as one. */
  readonly weight?: number | undefined;
}

/**
 * Files of data: paths, of which `stories.jsonl=3` gives a weight, or in a run file objects. Throws a `TypeError` or
 * `RangeError` for what is neither.
 */
export const dataParts: OptionReader<readonly DataPart[]> = (value, describe) => {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw new RangeError(`${describe(value)}, but it must name a file`);
  return list.map((one) => dataPart(one, describe));
};

function dataPart(value: unknown, describe: (value: unknown) => string): DataPart {
  if (typeof value === 'string') return partOfText(value, describe);
  const wrong = () => new TypeError(`${describe(value)}, but it must be a path or an object with a path`);
  if (typeof value !== 'object' || value === null) throw wrong();
  const name: OptionReader<string> = (path) => {
    if (typeof path !== 'string' || path === '') throw wrong();
    return path;
  };
  const source = describe(value).replace(/^Cannot read /, '');
  const { path, target, weight } = readOptions(value, { path: name, target: name, weight: aboveNone }, source);
  if (path === undefined) throw wrong();
  return { path, target, weight };
}

const aboveNone: OptionReader<number> = (value, describe) => {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw new RangeError(`${describe(value)}, but it must be a number above 0`);
};

function partOfText(text: string, describe: (value: unknown) => string): DataPart {
  const [, path, number] = /^(.+)=(\d+(?:\.\d+)?)$/.exec(text) ?? [undefined, text, undefined];
  if (path === '') throw new RangeError(`${describe(text)}, but it must name a file`);
  return { path: path!, weight: number === undefined ? undefined : aboveNone(Number(number), describe) };
}

/** What reads a part: by the ending of its name, text unless that says otherwise. */
export function sourceOf({ path, target }: DataPart, separator: string | undefined): TextSource {
  if (target !== undefined) return { format: 'parallel', sourcePath: path, targetPath: target };
  if (/\.(jsonl|ndjson)$/i.test(path)) return { format: 'jsonl', path };
  if (/\.tsv$/i.test(path)) return { format: 'tsv', path };
  return { format: 'text', path, separator };
}

/** Whether it has documents that must not run into each other: all but plain text without a separator. */
export function hasDocuments(source: TextSource): boolean {
  return source.format !== 'text' || source.separator !== undefined;
}
