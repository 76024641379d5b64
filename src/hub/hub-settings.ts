import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ResolveOptions } from './resolve-options.ts';

export interface HubSettings {
  readonly cacheDirectory: string;
  /** Without a slash at the end. */
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly isOffline: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The options, and for what they leave open the environment, as Python's `huggingface_hub` reads it. */
export async function hubSettings(
  options: ResolveOptions,
  environment: Environment = process.env,
): Promise<HubSettings> {
  const cacheHome = environment.XDG_CACHE_HOME || join(homedir(), '.cache');
  const home = expandHome(environment.HF_HOME || join(cacheHome, 'huggingface'));
  const cache = environment.HF_HUB_CACHE || environment.HUGGINGFACE_HUB_CACHE || join(home, 'hub');
  return {
    cacheDirectory: expandHome(options.cacheDirectory ?? cache),
    endpoint: (options.endpoint ?? (environment.HF_ENDPOINT || 'https://huggingface.co')).replace(/\/+$/, ''),
    token: options.token ?? (await configuredToken(environment, home)),
    isOffline: options.offline ?? (isOn(environment.HF_HUB_OFFLINE) || isOn(environment.TRANSFORMERS_OFFLINE)),
  };
}

async function configuredToken(environment: Environment, home: string): Promise<string | undefined> {
  const token = environment.HF_TOKEN || environment.HUGGING_FACE_HUB_TOKEN;
  if (token) return token.trim();
  const file = expandHome(environment.HF_TOKEN_PATH || join(home, 'token'));
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trim() || undefined;
}

function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}

function isOn(value: string | undefined): boolean {
  return ['1', 'ON', 'YES', 'TRUE'].includes(value?.toUpperCase() ?? '');
}
