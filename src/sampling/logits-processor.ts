import type { SequenceView } from './sequence-view.ts';

/**
 * Changes one row of logits (V) in place before a token is chosen. A token is removed by setting it to −∞; a processor
 * never brings a removed token back. Rows hold no NaN and no +∞ (`checkLogits` sees to that).
 */
export type LogitsProcessor = (logits: Float32Array, sequence: SequenceView) => void;
