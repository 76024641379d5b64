// Runs command lists: every thread runs every command with its own number, and a barrier follows each.
//
// V8 replaces baseline code by optimised code only between calls of a function, so each kernel is a function of its own
// that is called per command.

import {
  OP_ACTIVATE, OP_ADD, OP_ARGMAX, OP_ATTENTION, OP_COPY, OP_COPY_BLOCKS, OP_DRAW, OP_EMBED, OP_FILL, OP_GATE, OP_GATHER_ROWS,
  OP_LAYER_NORM, OP_LINEAR, OP_LINEAR_QUANTIZED, OP_LOG_SOFTMAX, OP_LOG_SUM_EXP, OP_MULTIPLY, OP_PACK_COLUMNS, OP_PACK_QUANTIZED,
  OP_PACK_ROWS, OP_QUANTIZE_INPUT, OP_READ_BLOCKS, OP_RMS_NORM,
  OP_ROTATE, OP_SCALE, OP_SLICE_COLUMNS, OP_SOFTMAX, OP_STORE_KEYS_VALUES, OP_TOKEN_LOG_PROBS, OP_TOP_K,
  OP_UNPACK,
} from '../opcodes';
import { COMMAND_BYTES, COMPLETED, RING, RING_ENTRY_BYTES, RING_LENGTH, WANTED } from '../memory-map';
import { activate, gate } from './activation';
import { argmax } from './argmax';
import { at, int, real } from './arguments';
import { attention, AttentionCommand } from './attention';
import { copyBlocks, readBlocks, storeKeysValues } from './cache';
import { add, copy, fill, multiply, scale } from './elementwise';
import { draw } from './draw';
import { embed } from './embed';
import { runTraining } from './execute-training';
import { linear } from './linear';
import { linearQuantized } from './linear-quantized';
import { layerNorm, rmsNorm } from './norm';
import { packColumns, packRows, unpack } from './pack';
import { packQuantized } from './quantized-rows';
import { quantizeInput } from './quantize-input';
import { rotate } from './rotary';
import { gatherRows, sliceColumns } from './rows';
import { logSoftmax, logSumExp, softmax, tokenLogProbs } from './softmax';
import { barrier, beginService, waitForList } from './sync';
import { topK } from './top-k';

/** Tells the host that the list has run that it waits for. A message costs as much as many operations. */
// @ts-ignore: decorator
@external('env', 'listCompleted')
declare function listCompleted(): void;

/** The life of a worker: runs the lists that the host submits, one after the other, from the first on. */
export function serve(thread: i32, threads: i32, spareProcessors: i32): void {
  if (ASC_FEATURE_THREADS) {
    beginService(thread, spareProcessors);
    for (let taken = 0; ; taken++) {
      waitForList(taken);
      const entry = RING + (taken % RING_LENGTH) * RING_ENTRY_BYTES;
      execute(load<u32>(entry), load<i32>(entry, 4), thread, threads);
      if (thread == 0) {
        atomic.store<i32>(COMPLETED, taken + 1);
        if (atomic.load<i32>(WANTED) == taken + 1) listCompleted();
      }
    }
  }
}

/** Runs `count` commands from `list` on. */
export function execute(list: usize, count: i32, thread: i32, threads: i32): void {
  for (let i = 0; i < count; i++, list += COMMAND_BYTES) {
    run(list, thread, threads);
    barrier(threads);
  }
}

function run(c: usize, t: i32, n: i32): void {
  switch (int(c, 0)) {
    case OP_COPY: return copy(at(c, 1), at(c, 2), at(c, 3), t, n);
    case OP_FILL: return fill(at(c, 1), int(c, 2), int(c, 3), t, n);
    case OP_ADD: return add(at(c, 1), at(c, 2), at(c, 3), int(c, 4), int(c, 5), t, n);
    case OP_MULTIPLY: return multiply(at(c, 1), at(c, 2), at(c, 3), int(c, 4), int(c, 5), t, n);
    case OP_SCALE: return scale(at(c, 1), at(c, 2), real(c, 3), int(c, 4), t, n);
    case OP_ACTIVATE: return activate(at(c, 1), at(c, 2), int(c, 3), int(c, 4), t, n);
    case OP_GATE: return gate(at(c, 1), at(c, 2), at(c, 3), int(c, 4), int(c, 5), t, n);
    case OP_LINEAR: return linear(
      at(c, 1), at(c, 2), at(c, 3), at(c, 4), int(c, 5), int(c, 6), int(c, 7), int(c, 8),
      at(c, 9) + at(c, 10) * <usize>t, int(c, 11), at(c, 12), t, n,
    );
    case OP_QUANTIZE_INPUT: return quantizeInput(
      at(c, 1), at(c, 2), at(c, 3), at(c, 4), int(c, 5), int(c, 6), int(c, 7), at(c, 8) + at(c, 9) * <usize>t, t, n,
    );
    case OP_LINEAR_QUANTIZED: return linearQuantized(
      at(c, 1), at(c, 2), at(c, 3), at(c, 4), at(c, 5), at(c, 6), int(c, 7), int(c, 8), int(c, 9), int(c, 10),
      at(c, 11) + at(c, 12) * <usize>t, int(c, 13), at(c, 14), t, n,
    );
    case OP_PACK_QUANTIZED: return packQuantized(
      at(c, 1), at(c, 2), at(c, 3), at(c, 4), int(c, 5), int(c, 6), int(c, 7), int(c, 8), int(c, 9), int(c, 10), t, n,
    );
    case OP_EMBED: return embed(at(c, 1), at(c, 2), at(c, 3), int(c, 4), int(c, 5), int(c, 6), int(c, 7), t, n);
    case OP_LAYER_NORM: return layerNorm(at(c, 1), at(c, 2), at(c, 3), at(c, 4), int(c, 5), int(c, 6), real(c, 7), t, n);
    case OP_RMS_NORM: return rmsNorm(at(c, 1), at(c, 2), at(c, 3), int(c, 4), int(c, 5), real(c, 6), t, n);
    case OP_ROTATE: return rotate(
      at(c, 1), at(c, 2), at(c, 3), at(c, 4), int(c, 5), int(c, 6), int(c, 7), int(c, 8), int(c, 9), t, n,
    );
    case OP_SLICE_COLUMNS: return sliceColumns(at(c, 1), at(c, 2), int(c, 3), int(c, 4), int(c, 5), int(c, 6), t, n);
    case OP_GATHER_ROWS: return gatherRows(at(c, 1), at(c, 2), at(c, 3), int(c, 4), int(c, 5), t, n);
    case OP_SOFTMAX: return softmax(at(c, 1), at(c, 2), int(c, 3), int(c, 4), t, n);
    case OP_LOG_SOFTMAX: return logSoftmax(at(c, 1), at(c, 2), int(c, 3), int(c, 4), t, n);
    case OP_TOKEN_LOG_PROBS: return tokenLogProbs(at(c, 1), at(c, 2), at(c, 3), int(c, 4), int(c, 5), t, n);
    case OP_ARGMAX: return argmax(at(c, 1), at(c, 2), at(c, 3), int(c, 4), int(c, 5), at(c, 6), c + 28, t, n);
    case OP_TOP_K: return topK(at(c, 1), at(c, 2), at(c, 3), int(c, 4), int(c, 5), int(c, 6), t, n);
    case OP_LOG_SUM_EXP: return logSumExp(at(c, 1), at(c, 2), int(c, 3), int(c, 4), t, n);
    case OP_DRAW: return draw(at(c, 1), at(c, 2), at(c, 3), at(c, 4), int(c, 5), int(c, 6), real(c, 7), t, n);
    case OP_ATTENTION: return attention(changetype<AttentionCommand>(c), t);
    case OP_STORE_KEYS_VALUES: return storeKeysValues(
      at(c, 1), at(c, 2), at(c, 3), at(c, 4), int(c, 5), int(c, 6), int(c, 7), int(c, 8), int(c, 9), int(c, 10), at(c, 11), t, n,
    );
    case OP_COPY_BLOCKS: return copyBlocks(at(c, 1), at(c, 2), int(c, 3), int(c, 4), int(c, 5), int(c, 6), int(c, 7), t, n);
    case OP_PACK_ROWS: return packRows(
      at(c, 1), at(c, 2), int(c, 3), int(c, 4), int(c, 5), int(c, 6), int(c, 7), int(c, 8), t, n,
    );
    case OP_PACK_COLUMNS: return packColumns(
      at(c, 1), at(c, 2), int(c, 3), int(c, 4), int(c, 5), int(c, 6), int(c, 7), int(c, 8), t, n,
    );
    case OP_UNPACK: return unpack(at(c, 1), at(c, 2), int(c, 3), int(c, 4), int(c, 5), t, n);
    case OP_READ_BLOCKS: return readBlocks(
      at(c, 1), at(c, 2), at(c, 3), at(c, 4), int(c, 5), int(c, 6), int(c, 7), int(c, 8), int(c, 9), t, n,
    );
    default: return runTraining(c, t, n);
  }
}
