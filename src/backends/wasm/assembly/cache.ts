// storeKeysValues and copyBlocks.

import { BLOCK, keysAddress, paddedHeadSize, PART, partOffset, partWidth, valuesAddress } from './cache-layout';
import { firstItem } from './linear-layout';

/**
 * Keys and values (tokens, kvHeads, headSize) to the cache slots of the tokens: slots[t], or firstSlot + t where `slots`
 * is 0.
 */
export function storeKeysValues(
  cache: usize, keys: usize, values: usize, slots: usize, firstSlot: i32, tokens: i32, numBlocks: i32, kvHeads: i32,
  headSize: i32, thread: i32, threads: i32,
): void {
  const bytes = <usize>headSize << 2;
  const end = firstItem(tokens * kvHeads, thread + 1, threads);
  for (let i = firstItem(tokens * kvHeads, thread, threads); i < end; i++) {
    const head = i / tokens; // head by head: the stores of 16 tokens then meet in the same lines
    const token = i % tokens;
    const slot = slots ? load<i32>(slots + (<usize>token << 2)) : firstSlot + token;
    const block = slot / BLOCK;
    const column = slot % BLOCK;
    const from = <usize>(token * kvHeads + head) * bytes;
    storeKey(keysAddress(cache, numBlocks, headSize, head, block) + (<usize>column << 2), keys + from, bytes);
    storeValue(
      valuesAddress(cache, numBlocks, kvHeads, headSize, head), values + from, numBlocks, headSize, block, column,
    );
  }
}

function storeKey(to: usize, from: usize, bytes: usize): void {
  for (const end = from + bytes; from < end; from += 4, to += BLOCK * 4) store<f32>(to, load<f32>(from));
}

function storeValue(to: usize, from: usize, numBlocks: i32, headSize: i32, block: i32, token: i32): void {
  const padded = paddedHeadSize(headSize);
  for (let d = 0; d < padded; d += PART) {
    const width = partWidth(headSize, d);
    const row = to + partOffset(numBlocks, d, width, block) + (<usize>(token * width) << 2);
    const count = min(width, headSize - d);
    memory.copy(row, from + (<usize>d << 2), <usize>count << 2);
    for (let i = count; i < width; i++) store<f32>(row + (<usize>i << 2), 0);
  }
}

/** Block pairs[2i + 1] becomes block pairs[2i], pair after pair. Threads share the heads, so each keeps the order. */
export function copyBlocks(
  cache: usize, pairs: usize, numPairs: i32, numBlocks: i32, kvHeads: i32, headSize: i32, thread: i32, threads: i32,
): void {
  const end = firstItem(kvHeads, thread + 1, threads);
  for (let head = firstItem(kvHeads, thread, threads); head < end; head++) {
    for (let i = 0; i < numPairs; i++) {
      const from = load<i32>(pairs + (<usize>i << 3));
      const to = load<i32>(pairs + (<usize>i << 3), 4);
      memory.copy(
        keysAddress(cache, numBlocks, headSize, head, to),
        keysAddress(cache, numBlocks, headSize, head, from),
        <usize>headSize << 6,
      );
      const values = valuesAddress(cache, numBlocks, kvHeads, headSize, head);
      for (let d = 0; d < headSize; d += PART) {
        const width = partWidth(headSize, d);
        memory.copy(
          values + partOffset(numBlocks, d, width, to),
          values + partOffset(numBlocks, d, width, from),
          <usize>width << 6,
        );
      }
    }
  }
}
