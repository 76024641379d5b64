// Where things lie in the low end of WebAssembly memory. Both the host and the kernels (assembly/) are compiled from this
// file, so it holds nothing but numbers. Offsets are in bytes. Each word that threads contend for has 128 bytes to itself,
// the pair of cache lines that a prefetcher fetches together.

// The first kilobyte stays unused, so that address 0 can mean that an operand is absent; then come the constants of the
// kernels, where the compiler puts them.

/** How many threads have arrived at the barrier. */
export const BARRIER_COUNT = 16384;
/** How many times the barrier has opened. */
export const BARRIER_GENERATION = 16512;
/** How many threads sleep at the barrier. */
export const BARRIER_SLEEPERS = 16640;

/** How many command lists the host has handed over. */
export const SUBMITTED = 16768;
/** How many threads sleep until one comes. */
export const SUBMITTED_SLEEPERS = 16896;
/** How many command lists have run. */
export const COMPLETED = 17024;

/** How many lists must have run before the host wants to hear of it. */
export const WANTED = 17152;

/** Lists that may be on their way at once: list n is described by entry n mod RING_LENGTH, { address, commands }. */
export const RING = 17408;
export const RING_LENGTH = 64;
export const RING_ENTRY_BYTES = 8;

/** A command is an opcode (opcodes.ts) and up to 31 arguments, each a word. */
export const COMMAND_WORDS = 32;
export const COMMAND_BYTES = 128;

/** From here on memory is the heap's. */
export const HEAP_START = 18432;
