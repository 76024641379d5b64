import type { Executor } from './executor.ts';
import type { Heap } from './heap.ts';
import { COMMAND_BYTES, COMMAND_WORDS } from './memory-map.ts';
import { OP_COPY } from './opcodes.ts';
import { Staging } from './staging.ts';
import type { WasmMemory } from './wasm-memory.ts';

/**
 * Commands of a list: more than a step of most models has, so that the threads run it in one go, and recording does not
 * take a processor from them. A full list is handed over at once.
 */
const LIST_LENGTH = 1024;

type Numbers = Float32Array | Int32Array | Uint8Array;

/** Writes commands into lists in WebAssembly memory and hands the lists to the threads. */
export class CommandRecorder {
  readonly #memory: WasmMemory;
  readonly #heap: Heap;
  readonly #executor: Executor;
  readonly #staging: Staging;
  /** Lists that have been submitted: their addresses, and which list each was. */
  readonly #used: { readonly address: number; readonly list: number }[] = [];
  /** The list that is being recorded. */
  #address: number;
  #count = 0;
  /** The flush that is about to hand over what has been recorded. */
  #flushing: Promise<void> | undefined;

  constructor(memory: WasmMemory, heap: Heap, executor: Executor) {
    this.#memory = memory;
    this.#heap = heap;
    this.#executor = executor;
    this.#staging = new Staging(heap, executor);
    this.#address = this.#newList();
  }

  get numThreads(): number {
    return this.#executor.numThreads;
  }

  /** Whether everything recorded has run. */
  get isIdle(): boolean {
    return this.#count === 0 && this.#executor.numCompleted === this.#executor.numSubmitted;
  }

  /** Records a command; returns the index of its first word. */
  record(opcode: number, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0, j = 0, k = 0): number {
    if (this.#count === LIST_LENGTH) this.submit();
    const words = this.#memory.int32;
    const at = this.#address / 4 + this.#count * COMMAND_WORDS;
    words[at] = opcode;
    words[at + 1] = a;
    words[at + 2] = b;
    words[at + 3] = c;
    words[at + 4] = d;
    words[at + 5] = e;
    words[at + 6] = f;
    words[at + 7] = g;
    words[at + 8] = h;
    words[at + 9] = i;
    words[at + 10] = j;
    words[at + 11] = k;
    this.#count++;
    return at;
  }

  /** Gives the command at word `at` a float32 as its argument number `index`. */
  setReal(at: number, index: number, value: number): void {
    this.#memory.float32[at + index] = value;
  }

  /** Gives the command at word `at` an int32 as its argument number `index`. */
  setInt(at: number, index: number, value: number): void {
    this.#memory.int32[at + index] = value;
  }

  /** Puts numbers where the next command can read them. */
  stage(data: Numbers): number {
    if (this.#count === LIST_LENGTH) this.submit(); // so that the next command is of the same list
    const address = this.#staging.allocate(data.byteLength, this.#executor.numSubmitted + 1);
    this.#put(address, data);
    return address;
  }

  /** Writes numbers to memory: at once if nothing is to run before, else by a command. */
  write(address: number, data: Numbers): void {
    if (data.byteLength === 0) return;
    if (this.isIdle) this.#put(address, data);
    else this.record(OP_COPY, address, this.stage(data), data.byteLength);
  }

  /** Hands over what has been recorded. */
  submit(): void {
    if (this.#count === 0) return;
    const [address, count] = [this.#address, this.#count];
    this.#used.push({ address, list: this.#executor.numSubmitted + 1 });
    this.#count = 0;
    const isFree = this.#used[0]!.list <= this.#executor.numCompleted;
    this.#address = isFree ? this.#used.shift()!.address : this.#newList();
    this.#executor.submit(address, count);
  }

  /** Resolves when everything recorded so far has run. What is asked for in one go is handed over in one list. */
  flush(): Promise<void> {
    this.#flushing ??= Promise.resolve().then(() => {
      this.#flushing = undefined;
      this.submit();
      return this.#executor.completion(this.#executor.numSubmitted);
    });
    return this.#flushing;
  }

  #newList(): number {
    return this.#heap.allocateUntouched(LIST_LENGTH * COMMAND_BYTES, 'a command list');
  }

  #put(address: number, data: Numbers): void {
    const source = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#memory.bytes(address, data.byteLength).set(source);
  }
}
