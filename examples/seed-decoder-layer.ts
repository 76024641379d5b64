// The decoder of "Attention Is All You Need" by itself: masked self-attention, cross-attention to an encoder's output, and
// a feed-forward network. Weights come from a safetensors file that holds the state dict of torch.nn.TransformerDecoder.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { causalMask, createBackend, TransformerDecoder } from 'kvasir';

const config = { modelSize: 8, numHeads: 2, numLayers: 1, feedForwardSize: 16 };
const folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
await writeFile(join(folder, 'decoder.safetensors'), randomStateDict());

await using backend = await disposable(createBackend());
const decoder = await TransformerDecoder.load(backend.value, join(folder, 'decoder.safetensors'), config);
const target = Float32Array.from({ length: 4 * 8 }, (_, i) => Math.sin(i)); // (4, 8)
const memory = Float32Array.from({ length: 3 * 8 }, (_, i) => Math.cos(i)); // (3, 8)
const output = await decoder.forward({ target, memory });

// The causal mask written out gives the same as `causal: true`.
const masked = await decoder.forward({ target, memory, causal: false, targetMask: causalMask(4) });
console.log('first row:', Array.from(output.subarray(0, 4), (value) => value.toFixed(4)).join(' '));
console.log(
  'mask and `causal` agree:',
  masked.every((value, i) => value === output[i]),
);
await rm(folder, { recursive: true });

async function disposable<Value extends { dispose(): Promise<void> }>(pending: Promise<Value>) {
  const value = await pending;
  return { value, [Symbol.asyncDispose]: () => value.dispose() };
}

function randomStateDict(): Uint8Array {
  const shapes: Record<string, number[]> = {
    'layers.0.linear1.weight': [16, 8],
    'layers.0.linear1.bias': [16],
    'layers.0.linear2.weight': [8, 16],
    'layers.0.linear2.bias': [8],
  };
  for (const attention of ['self_attn', 'multihead_attn']) {
    shapes[`layers.0.${attention}.in_proj_weight`] = [24, 8];
    shapes[`layers.0.${attention}.in_proj_bias`] = [24];
    shapes[`layers.0.${attention}.out_proj.weight`] = [8, 8];
    shapes[`layers.0.${attention}.out_proj.bias`] = [8];
  }
  for (const norm of ['norm1', 'norm2', 'norm3'])
    for (const part of ['weight', 'bias']) shapes[`layers.0.${norm}.${part}`] = [8];
  const header: Record<string, object> = {};
  let offset = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const end = offset + 4 * shape.reduce((product, size) => product * size, 1);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, end] };
    offset = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  const values = Float32Array.from({ length: offset / 4 }, (_, i) => 0.3 * Math.sin(7 * i));
  file.set(new Uint8Array(values.buffer), 8 + text.length);
  return file;
}
