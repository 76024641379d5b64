import type { ModelId } from './model-id.ts';

/** Whether a GGUF file of a model is wanted: it was asked for, or there is nothing else. */
export function isMeantAsGguf({ gguf }: ModelId, names: readonly string[]): boolean {
  return gguf !== undefined || (!names.some((name) => /\.safetensors(\.index\.json)?$/.test(name)) && hasModels(names));
}

/**
 * The GGUF file that an id asks for, or all of its parts in order: the one of that name, the one whose name ends with that type, or
 * the only one. Throws an `Error` that lists what there is if none or several fit, or parts are missing.
 */
export function ggufFiles(names: readonly string[], id: ModelId): readonly string[] {
  const files = names.filter(isModel);
  const found = [...groupParts(files.filter((name) => fits(name, files, id.gguf)))];
  if (found.length === 1) return wholeParts(...found[0]!, id);
  const list = files.length === 0 ? 'it has none' : `its GGUF files are ${files.slice(0, 40).join(', ')}`;
  const example = files[0] ?? 'model-Q4_0.gguf';
  const problem =
    id.gguf === undefined
      ? `choose one, as ${id.name}:Q4_0 or ${id.name}:${example}`
      : `it has ${found.length === 0 ? 'no GGUF file' : `${found.length} GGUF files`} ${JSON.stringify(id.gguf)}`;
  throw new Error(`Cannot download ${id.name}: ${problem}; ${list}`);
}

const PART = /-(\d{5})-of-(\d{5})(?=\.gguf$)/i;

function hasModels(names: readonly string[]): boolean {
  return names.some(isModel);
}

/** Projectors of pictures and importance matrices are no models. */
function isModel(name: string): boolean {
  return /\.gguf$/i.test(name) && !/mmproj|imatrix/i.test(name);
}

/** `gguf` is the name of a file, of a part of it, or the type at the end of its name. */
function fits(name: string, files: readonly string[], gguf: string | undefined): boolean {
  if (gguf === undefined) return true;
  if (files.includes(gguf)) return wholeName(name) === wholeName(gguf);
  const stem = wholeName(name)
    .replace(/\.gguf$/i, '')
    .toLowerCase();
  const type = gguf.toLowerCase();
  return stem === type || (stem.endsWith(type) && /[-._]$/.test(stem.slice(0, -type.length)));
}

/** Without the number of a part. */
function wholeName(name: string): string {
  return name.replace(PART, '');
}

/** The files of each model. */
function groupParts(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const name of [...names].sort()) groups.set(wholeName(name), [...(groups.get(wholeName(name)) ?? []), name]);
  return groups;
}

function wholeParts(name: string, parts: readonly string[], id: ModelId): readonly string[] {
  const [, , written] = PART.exec(parts[0]!) ?? [];
  const count = written === undefined ? 1 : Number(written);
  if (parts.length === count) return parts;
  throw new Error(`Cannot download ${id.name}: it has ${parts.length} of the ${count} parts of ${name}`);
}
