import { sha256, sha256Hex } from '../base/sha256.ts';
import type { Parameters } from '../models/parameters.ts';
import { Tensor } from '../tensor/tensor.ts';

/** The width of each trained parameter, which its results depend on, and what all that is frozen is. */
export async function describeParameters(parameters: Parameters, isTrained: (path: string) => boolean) {
  const trained: Record<string, string> = {};
  const frozen: string[] = [];
  for (const [path, parameter] of parameters.entries) {
    const width = parameter instanceof Tensor ? 'vector' : parameter.dtype;
    if (isTrained(path)) trained[path] = width;
    else frozen.push(`${path} ${width} ${await fingerprint((await parameter.read()) as Float32Array)}`);
  }
  return { trained, frozen: frozen.length === 0 ? undefined : await sha256Hex(frozen.join('\n')) };
}

async function fingerprint(values: Float32Array): Promise<string> {
  return sha256Hex(await sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)));
}
