import { adapterScale } from './adapter-config.ts';
import type { LoraAdapter } from './lora-adapter.ts';

/**
 * Tells an adapter from every other that would compute other keys and values: a SHA-256, in hexadecimal, of its scale and of
 * the bits of all A and B. Throws an `Error` in a page that was not loaded over HTTPS.
 */
export async function adapterFingerprint({ config, parameters }: LoraAdapter): Promise<string> {
  const { subtle } = globalThis.crypto;
  if (subtle === undefined) throw new Error('Cannot use an adapter: this page was not loaded over HTTPS');
  const sha256 = async (data: string | Float32Array) => {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : Float32Array.from(data);
    const hash = new Uint8Array(await subtle.digest('SHA-256', bytes));
    return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
  };
  const parts = [`scale ${adapterScale(config)}`];
  for (const [path, weight] of parameters.entries)
    parts.push(`${path} ${await sha256((await weight.read()) as Float32Array)}`);
  return sha256(parts.join('\n'));
}
