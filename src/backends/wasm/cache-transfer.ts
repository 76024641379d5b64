import { CACHE_BLOCK_SIZE, type CacheBlocks } from '../../backend/backend.ts';
import { cacheBlocksLength, checkBlocks, checkBlocksToWrite } from '../../backend/check-blocks.ts';
import { CACHE_DTYPE_CODES } from './cache-layout.ts';
import type { CommandRecorder } from './command-recorder.ts';
import type { WasmCache } from './handles.ts';
import type { Heap } from './heap.ts';
import { OP_READ_BLOCKS, OP_STORE_KEYS_VALUES } from './opcodes.ts';
import type { WasmMemory } from './wasm-memory.ts';

/** Bytes that are staged at once, since staged memory stays taken. */
const PIECE_BYTES = 4 * 2 ** 20;

/** Moves cache blocks between the host and the layout of the kernels. */
export class CacheTransfer {
  readonly #memory: WasmMemory;
  readonly #heap: Heap;
  readonly #recorder: CommandRecorder;

  constructor(memory: WasmMemory, heap: Heap, recorder: CommandRecorder) {
    this.#memory = memory;
    this.#heap = heap;
    this.#recorder = recorder;
  }

  /** Copies the blocks aside in order with the operations, so that no later one can change them before they are read. */
  async read(cache: WasmCache, blocks: readonly number[]): Promise<CacheBlocks> {
    checkBlocks('read blocks', cache, blocks);
    const length = cacheBlocksLength(cache, blocks.length);
    if (length === 0) return { keys: new Float32Array(0), values: new Float32Array(0) };
    const bytes = length * 4;
    const address = this.#heap.allocate(2 * bytes, 'cache blocks to read');
    try {
      const { numBlocks, kvHeads, headSize, dtype } = cache;
      const list = this.#recorder.stage(Int32Array.from(blocks));
      const sizes = [blocks.length, numBlocks, kvHeads, headSize] as const;
      const code = CACHE_DTYPE_CODES[dtype];
      this.#recorder.record(OP_READ_BLOCKS, cache.address, address, address + bytes, list, ...sizes, code);
      await this.#recorder.flush();
      const elements = (from: number) => new Float32Array(this.#memory.memory.buffer, from, length).slice();
      return { keys: elements(address), values: elements(address + bytes) };
    } finally {
      this.#heap.release(address, 2 * bytes);
    }
  }

  async write(cache: WasmCache, blocks: readonly number[], data: CacheBlocks): Promise<void> {
    checkBlocksToWrite(cache, blocks, data);
    const length = cacheBlocksLength(cache, 1);
    const blocksPerPiece = Math.max(1, Math.floor(PIECE_BYTES / (8 * length)));
    for (let first = 0; first < blocks.length; first += blocksPerPiece) {
      if (cache.isReleased) throw new TypeError('Cannot write blocks: the cache was released meanwhile');
      const piece = blocks.slice(first, first + blocksPerPiece);
      const part = (elements: Float32Array) => elements.subarray(first * length, (first + piece.length) * length);
      this.#writePiece(cache, piece, { keys: part(data.keys), values: part(data.values) });
      await this.#recorder.flush();
    }
  }

  /** To the kernel, blocks are tokens of a batch that go to all their slots. */
  #writePiece(cache: WasmCache, blocks: readonly number[], { keys, values }: CacheBlocks): void {
    const { address, numBlocks, kvHeads, headSize, dtype } = cache;
    const numTokens = blocks.length * CACHE_BLOCK_SIZE;
    const slots = Int32Array.from({ length: numTokens }, (_, token) => {
      const block = blocks[Math.floor(token / CACHE_BLOCK_SIZE)]!;
      return block * CACHE_BLOCK_SIZE + (token % CACHE_BLOCK_SIZE);
    });
    const [k, v, at] = [keys, values, slots].map((numbers) => this.#recorder.stage(numbers)) as [
      number,
      number,
      number,
    ];
    const sizes = [numTokens, numBlocks, kvHeads, headSize, CACHE_DTYPE_CODES[dtype]] as const;
    this.#recorder.record(OP_STORE_KEYS_VALUES, address, k, v, at, 0, ...sizes, kvHeads * headSize * 4);
  }
}
