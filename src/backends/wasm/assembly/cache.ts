// storeKeysValues, copyBlocks and readBlocks.

import {
  BLOCK, elementShift, INT8, keysAddress, PART, PART_BLOCK_BYTES, PART_TOKEN_BYTES, scalesAddress, scalesBytes, valuesAddress,
} from './cache-layout';
import { narrowKey, narrowValue } from './cache-narrow';
import { loadOne } from './convert';
import { firstLanes } from './lanes';
import { firstItem, FLOAT32 } from './linear-layout';
import { transpose } from './transpose';

/**
 * Keys and values (tokens, kvHeads, headSize), `stride` bytes from one token to the next, to the cache slots of the tokens:
 * slots[t], or firstSlot + t where `slots` is 0.
 */
export function storeKeysValues(
  cache: usize, keys: usize, values: usize, slots: usize, firstSlot: i32, tokens: i32, numBlocks: i32, kvHeads: i32,
  headSize: i32, dtype: i32, stride: usize, thread: i32, threads: i32,
): void {
  if (dtype != FLOAT32) {
    return storeNarrow(cache, keys, values, slots, tokens, numBlocks, kvHeads, headSize, dtype, stride, thread, threads);
  }
  if (slots == 0 && (firstSlot & (BLOCK - 1)) == 0 && (headSize & 3) == 0) {
    return storeBlocks(cache, keys, values, firstSlot / BLOCK, tokens, numBlocks, kvHeads, headSize, stride, thread, threads);
  }
  const bytes = <usize>headSize << 2;
  const end = firstItem(tokens * kvHeads, thread + 1, threads);
  for (let i = firstItem(tokens * kvHeads, thread, threads); i < end; i++) {
    const head = i / tokens; // head by head: the stores of 16 tokens then meet in the same lines
    const token = i % tokens;
    const slot = slots ? load<i32>(slots + (<usize>token << 2)) : firstSlot + token;
    const block = slot / BLOCK;
    const column = <usize>(slot % BLOCK);
    const from = <usize>token * stride + <usize>head * bytes;
    storeKey(keysAddress(cache, numBlocks, headSize, head, block, 2) + (column << 2), keys + from, bytes);
    const part = valuesAddress(cache, numBlocks, kvHeads, headSize, head, 2) + <usize>block * PART_BLOCK_BYTES;
    storeValue(part + column * PART_TOKEN_BYTES, values + from, numBlocks, headSize);
  }
}

/**
 * The same for whole blocks from `firstBlock` on: keys by 4 × 4 transposes. What lies past the last token of the last block is
 * overwritten.
 */
function storeBlocks(
  cache: usize, keys: usize, values: usize, firstBlock: i32, tokens: i32, numBlocks: i32, kvHeads: i32, headSize: i32,
  stride: usize, thread: i32, threads: i32,
): void {
  const blocks = (tokens + BLOCK - 1) / BLOCK;
  const end = firstItem(blocks * kvHeads, thread + 1, threads);
  for (let i = firstItem(blocks * kvHeads, thread, threads); i < end; i++) {
    const block = i / kvHeads;
    const head = i % kvHeads;
    const first = block * BLOCK;
    const count = min(BLOCK, tokens - first);
    const from = <usize>first * stride + (<usize>(head * headSize) << 2);
    transpose(keysAddress(cache, numBlocks, headSize, head, firstBlock + block, 2), 64, keys + from, stride, count, headSize);
    let to = valuesAddress(cache, numBlocks, kvHeads, headSize, head, 2) + <usize>(firstBlock + block) * PART_BLOCK_BYTES;
    for (let token = 0; token < count; token++, to += PART_TOKEN_BYTES) {
      storeValue(to, values + from + <usize>token * stride, numBlocks, headSize);
    }
  }
}

function storeKey(to: usize, from: usize, bytes: usize): void {
  for (const end = from + bytes; from < end; from += 4, to += BLOCK * 4) store<f32>(to, load<f32>(from));
}

/** `to` is the token's place in the first part. Dimensions past the last are zeros. */
function storeValue(to: usize, from: usize, numBlocks: i32, headSize: i32): void {
  let left = headSize;
  for (; left > 0; left -= PART, from += PART * 4, to += <usize>numBlocks * PART_BLOCK_BYTES) {
    v128.store(to, v128.and(v128.load(from), firstLanes(min(left, 4))));
    v128.store(to, v128.and(v128.load(from, 16), firstLanes(min(max(left - 4, 0), 4))), 16);
  }
}

/** Into a cache that is not float32. */
function storeNarrow(
  cache: usize, keys: usize, values: usize, slots: usize, tokens: i32, numBlocks: i32, kvHeads: i32, headSize: i32, dtype: i32,
  stride: usize, thread: i32, threads: i32,
): void {
  const bytes = <usize>headSize << 2;
  const shift = elementShift(dtype);
  const partBytes = <usize>numBlocks << (7 + shift);
  const end = firstItem(tokens * kvHeads, thread + 1, threads);
  for (let i = firstItem(tokens * kvHeads, thread, threads); i < end; i++) {
    const head = i / tokens;
    const token = i % tokens;
    const slot = load<i32>(slots + (<usize>token << 2));
    const block = slot / BLOCK;
    const column = <usize>(slot % BLOCK);
    const from = <usize>token * stride + <usize>head * bytes;
    const scale = scalesAddress(cache, numBlocks, kvHeads, headSize, head, block) + (column << 2);
    const key = keysAddress(cache, numBlocks, headSize, head, block, shift) + (column << shift);
    narrowKey(key, keys + from, headSize, dtype, scale);
    const value = valuesAddress(cache, numBlocks, kvHeads, headSize, head, shift) + ((<usize>block * BLOCK + column) << (3 + shift));
    narrowValue(value, values + from, partBytes, headSize, dtype, scale + scalesBytes(numBlocks, kvHeads));
  }
}

/** Block pairs[2i + 1] becomes block pairs[2i], pair after pair. Threads share the heads, so each keeps the order. */
export function copyBlocks(
  cache: usize, pairs: usize, numPairs: i32, numBlocks: i32, kvHeads: i32, headSize: i32, dtype: i32, thread: i32,
  threads: i32,
): void {
  const shift = elementShift(dtype);
  const partBlockBytes = <usize>128 << shift;
  const end = firstItem(kvHeads, thread + 1, threads);
  for (let head = firstItem(kvHeads, thread, threads); head < end; head++) {
    for (let i = 0; i < numPairs; i++) {
      const from = load<i32>(pairs + (<usize>i << 3));
      const to = load<i32>(pairs + (<usize>i << 3), 4);
      memory.copy(
        keysAddress(cache, numBlocks, headSize, head, to, shift),
        keysAddress(cache, numBlocks, headSize, head, from, shift),
        <usize>headSize << (4 + shift),
      );
      let part = valuesAddress(cache, numBlocks, kvHeads, headSize, head, shift);
      for (let d = 0; d < headSize; d += PART, part += <usize>numBlocks * partBlockBytes) {
        memory.copy(part + <usize>to * partBlockBytes, part + <usize>from * partBlockBytes, partBlockBytes);
      }
      if (dtype == INT8) copyScales(cache, from, to, numBlocks, kvHeads, headSize, head);
    }
  }
}

function copyScales(cache: usize, from: i32, to: i32, numBlocks: i32, kvHeads: i32, headSize: i32, head: i32): void {
  const source = scalesAddress(cache, numBlocks, kvHeads, headSize, head, from);
  const target = scalesAddress(cache, numBlocks, kvHeads, headSize, head, to);
  const ofValues = scalesBytes(numBlocks, kvHeads);
  memory.copy(target, source, 64);
  memory.copy(target + ofValues, source + ofValues, 64);
}

/** Keys and values (count, 16, kvHeads, headSize) of the blocks blocks[0 … count − 1]: what storeKeysValues takes. */
export function readBlocks(
  cache: usize, keys: usize, values: usize, blocks: usize, count: i32, numBlocks: i32, kvHeads: i32, headSize: i32,
  dtype: i32, thread: i32, threads: i32,
): void {
  const shift = elementShift(dtype);
  const tokenBytes = <usize>(kvHeads * headSize) << 2;
  const end = firstItem(count * kvHeads, thread + 1, threads);
  for (let i = firstItem(count * kvHeads, thread, threads); i < end; i++) {
    const head = i % kvHeads;
    const block = load<i32>(blocks + (<usize>(i / kvHeads) << 2));
    const to = <usize>(i / kvHeads) * BLOCK * tokenBytes + (<usize>(head * headSize) << 2);
    const scales = scalesAddress(cache, numBlocks, kvHeads, headSize, head, block);
    readKeys(keys + to, tokenBytes, keysAddress(cache, numBlocks, headSize, head, block, shift), headSize, dtype, scales);
    const part = valuesAddress(cache, numBlocks, kvHeads, headSize, head, shift) + (<usize>block << (7 + shift));
    readValues(values + to, tokenBytes, part, numBlocks, headSize, dtype, scales + scalesBytes(numBlocks, kvHeads));
  }
}

function readKeys(to: usize, tokenBytes: usize, from: usize, headSize: i32, dtype: i32, scales: usize): void {
  const bytes = <usize>1 << elementShift(dtype);
  for (let d = 0; d < headSize; d++, to += 4) {
    for (let token = 0; token < BLOCK; token++, from += bytes) {
      store<f32>(to + <usize>token * tokenBytes, element(from, dtype, scales, token));
    }
  }
}

/** `from` is the block's first token in the first part. */
function readValues(
  to: usize, tokenBytes: usize, from: usize, numBlocks: i32, headSize: i32, dtype: i32, scales: usize,
): void {
  const shift = elementShift(dtype);
  for (let d = 0; d < headSize; d++, to += 4) {
    const column = from + (<usize>(d / PART * numBlocks) << (7 + shift)) + (<usize>(d % PART) << shift);
    for (let token = 0; token < BLOCK; token++) {
      const at = column + (<usize>token << (3 + shift));
      store<f32>(to + <usize>token * tokenBytes, element(at, dtype, scales, token));
    }
  }
}

// @ts-ignore: decorator
@inline
function element(at: usize, dtype: i32, scales: usize, token: i32): f32 {
  if (dtype == INT8) return <f32>load<i8>(at) * load<f32>(scales + (<usize>token << 2));
  return f32x4.extract_lane(loadOne(at, dtype), 0);
}
