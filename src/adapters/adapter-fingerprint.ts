import { sha256Hex } from '../base/sha256.ts';
import { adapterScale } from './adapter-config.ts';
import type { LoraAdapter } from './lora-adapter.ts';

/**
 * Tells an adapter from every other that would compute other keys and values: a SHA-256, in hexadecimal, of its scale and of
 * the bits of all A and B. Throws an `Error` in a page that was not loaded over HTTPS.
 */
export async function adapterFingerprint({ config, parameters }: LoraAdapter): Promise<string> {
  const parts = [`scale ${adapterScale(config)}`];
  for (const [path, parameter] of parameters.entries) {
    const { buffer, byteOffset, byteLength } = await parameter.read();
    parts.push(`${path} ${await sha256Hex(new Uint8Array(buffer, byteOffset, byteLength))}`);
  }
  return sha256Hex(parts.join('\n'));
}
