import type { ReadableFile } from '../../platform/platform.ts';
import type { GgufHeader } from './read-header.ts';

/** One file of a model: the only one, or one of those that `llama-gguf-split` makes. */
export interface GgufPart {
  readonly file: ReadableFile;
  readonly header: GgufHeader;
}

const NAME = /-(\d{5})-of-(\d{5})\.gguf$/i;

/** Whether a file is a model by itself. Throws a `RangeError` for a number of parts that cannot be. */
export function isWhole(part: GgufPart): boolean {
  return numParts(part) <= 1;
}

/** Where all parts of the model lie that a file is one of, by its name. Throws a `RangeError` for a name that does not say so. */
export function partLocations(part: GgufPart): readonly string[] {
  const { location } = part.file;
  const count = numParts(part);
  const [suffix, , written] = NAME.exec(location) ?? [];
  if (suffix === undefined || Number(written) !== count)
    refuse(location, `it is one of ${count} parts, wanted a name that ends with -00001-of-${fiveDigits(count)}.gguf`);
  const stem = location.slice(0, -suffix!.length);
  return Array.from({ length: count }, (_, i) => `${stem}-${fiveDigits(i + 1)}-of-${fiveDigits(count)}.gguf`);
}

/** Throws a `RangeError` unless files in the order of their names are the parts of one model, each in its place. */
export function requireOneModel(parts: readonly GgufPart[]): void {
  const names = new Set<string>();
  for (const [i, part] of parts.entries()) {
    const { location } = part.file;
    const number = part.header.metadata.get('split.no');
    if (numParts(part) !== parts.length || number !== i)
      refuse(location, `it is part ${shown(number, 1)} of ${numParts(part)}, wanted part ${i + 1} of ${parts.length}`);
    for (const { name } of part.header.tensors) {
      if (names.has(name)) refuse(location, `another part has its tensor ${JSON.stringify(name.slice(0, 80))} too`);
      names.add(name);
    }
  }
  const [first] = parts as readonly [GgufPart];
  const wanted = first.header.metadata.get('split.tensors.count');
  if (wanted !== names.size)
    refuse(first.file.location, `its ${parts.length} parts have ${names.size} tensors, wanted ${shown(wanted)}`);
}

function numParts({ file, header }: GgufPart): number {
  const count = header.metadata.get('split.count') ?? 1;
  if (typeof count === 'number' && Number.isInteger(count) && count >= 0 && count < 100_000) return count;
  return refuse(file.location, `"split.count" is ${shown(count)}, wanted a whole number below 100000`);
}

function shown(value: unknown, plus = 0): string {
  return typeof value === 'number' ? String(value + plus) : JSON.stringify(value ?? null).slice(0, 40);
}

function fiveDigits(number: number): string {
  return String(number).padStart(5, '0');
}

function refuse(location: string, problem: string): never {
  throw new RangeError(`Cannot read ${location}: ${problem}`);
}
