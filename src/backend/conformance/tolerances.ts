import type { ConformanceOp } from './conformance-case.ts';

/**
 * Largest ‖got − wanted‖ / ‖wanted‖ against the float64 reference, by operation. What moves or picks numbers is exact, and so
 * is one float32 addition or multiplication.
 */
export const TOLERANCES = {
  allocate: 0,
  allocateMatrix: 0,
  allocateCache: 0,
  write: 0,
  writeMatrix: 0,
  read: 0,
  readMatrix: 0,
  readBlocks: 0,
  writeBlocks: 0,
  synchronize: 0,
  release: 0,
  scope: 0,
  memoryUsage: 0,

  copy: 0,
  fill: 0,
  add: 0,
  multiply: 0,
  scale: 2e-7,
  activate: 2e-6,
  gate: 2e-6,
  linear: 1e-5,
  embed: 0,
  layerNorm: 2e-6,
  rmsNorm: 2e-6,
  rotate: 1e-6,
  sliceColumns: 0,
  gatherRows: 0,
  softmax: 5e-6,
  logSoftmax: 2e-6,
  tokenLogProbs: 2e-6,
  argmax: 0,
  attention: 1e-5,
  storeKeysValues: 0,
  pagedAttention: 1e-5,
  copyBlocks: 0,
} as const satisfies Record<ConformanceOp, number>;
