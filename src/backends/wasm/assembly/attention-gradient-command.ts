// What the host hands to the gradient of attention.

/** The command as the host records it (../attention-gradient-operations.ts). */
// @ts-ignore: decorator
@unmanaged
export class AttentionGradientCommand {
  opcode: i32;
  queryGrad: usize;
  keyGrad: usize;
  valueGrad: usize;
  outputGrad: usize;
  queries: usize;
  keys: usize;
  values: usize;
  heads: i32;
  kvHeads: i32;
  headSize: i32;
  scale: f32;
  isCausal: i32;
  /** 0: none. */
  window: i32;
  /** 0: none. */
  mask: usize;
  maskWidth: i32;
  /** Span (spans), cluster after cluster. */
  spans: usize;
  /** int32 (clusters + 1): where each begins among the spans. */
  clusterStarts: usize;
  numClusters: i32;
  /** Of thread 0; that of thread t lies t · scratchBytes further. */
  scratch: usize;
  scratchBytes: usize;
  /** Bytes of a row of transposed keys. */
  keyRowBytes: usize;
  /** Keys that a block of queries sees at most. */
  maxSightKeys: i32;
  /** Tasks taken so far, by all threads. */
  tasksTaken: i32;
  /** float32 (heads, biasWidth). 0: none. */
  positionBias: usize;
  biasWidth: i32;
  /** The column of a query's own place. */
  biasOwn: i32;
  /** float32 (clusters, heads, biasWidth): where its gradient is summed cluster by cluster. 0: nowhere. */
  biasPartials: usize;
}

// @ts-ignore: decorator
@unmanaged
export class Span {
  queryStart: i32;
  queryLength: i32;
  keyStart: i32;
  keyLength: i32;
}
