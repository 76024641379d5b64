import { dirname, isAbsolute, join } from 'node:path';
import { parse } from 'smol-toml';
import { platform } from '#platform';
import { type OptionReader, oneOf } from '../../config/option-readers.ts';
import { readOptions } from '../../config/read-options.ts';
import type { DataPart } from './data-parts.ts';
import { RUN_PRESET_NAMES, type RunPreset } from './run-presets.ts';
import { type GivenSettings, type RunCommand, SETTINGS } from './run-settings.ts';

/** What a run file says. */
export interface RunFile {
  readonly preset: RunPreset | undefined;
  readonly settings: GivenSettings;
}

/**
 * Reads a run file, TOML or JSON by its ending. Its paths are relative to its folder. Throws an `Error` if there is none, a
 * `SyntaxError` where it is neither, and a `TypeError` or `RangeError` for unknown keys and values that cannot be.
 */
export async function readRunFile(location: string, command: RunCommand): Promise<RunFile> {
  const text = await platform.readText(location);
  if (text === undefined) throw new Error(`Cannot read ${location}: there is no such file`);
  const { preset, settings } = readRunKeys(parseRunFile(location, text), command, location);
  return { preset, settings: inFolder(dirname(location), settings) };
}

/** Checks keys and values; `source` is what errors call them. */
export function readRunKeys(values: unknown, command: RunCommand, source: string): RunFile {
  const readers = Object.entries(SETTINGS[command]).map(([name, { read }]) => [name, read]);
  const presets: Readonly<Record<string, OptionReader<RunPreset>>> =
    command === 'train' ? { preset: oneOf(...RUN_PRESET_NAMES) } : {};
  const { preset, ...settings } = readOptions(values, { ...presets, ...Object.fromEntries(readers) }, source);
  return { preset: preset as RunPreset | undefined, settings: settings as GivenSettings };
}

function parseRunFile(location: string, text: string): unknown {
  const isJson = location.toLowerCase().endsWith('.json');
  if (!isJson && !location.toLowerCase().endsWith('.toml'))
    throw new Error(`Cannot tell what ${location} is: wanted a name that ends with .toml or .json`);
  try {
    return isJson ? JSON.parse(text) : parse(text);
  } catch (cause) {
    const [what] = (cause as Error).message.split('\n');
    throw new SyntaxError(`Cannot read ${location}: not valid ${isJson ? 'JSON' : 'TOML'} (${what})`, { cause });
  }
}

/** Settings whose relative paths begin in a folder. A model's hub id stays: what is no `./folder` may be one. */
export function inFolder(folder: string, settings: GivenSettings): GivenSettings {
  const place = (path: string) => (isAbsolute(path) ? path : join(folder, path));
  const placePart = ({ path, target, weight }: DataPart): DataPart => ({
    ...{ path: place(path), target: target && place(target), weight },
  });
  const { data, validationData, model } = settings;
  const paths = Object.fromEntries(
    (['targetData', 'tokenizer', 'modelConfig', 'output'] as const).flatMap((name) =>
      settings[name] === undefined ? [] : [[name, place(settings[name])]],
    ),
  );
  return {
    ...settings,
    ...paths,
    ...(data && { data: data.map(placePart) }),
    ...(validationData && { validationData: validationData.map(placePart) }),
    ...(model !== undefined && /^\.{0,2}[\\/]/.test(model) && { model: asPath(place(model)) }),
  };
}

/** With what tells a path from a hub id. */
function asPath(path: string): string {
  return isAbsolute(path) || path.startsWith('.') ? path : `./${path}`;
}
