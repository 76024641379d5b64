import type { SequenceView } from './sequence-view.ts';

/**
 * Changes one row of logits (V) in place before a token is chosen. A token is removed by setting it to −∞; a processor
 * never brings a removed token back, unless it leaves that token as the only one (a forced token). Rows hold no NaN and no +∞ (`checkLogits` sees to that).
 */
export type LogitsProcessor = (logits: Float32Array, sequence: SequenceView) => void;

/** A processor that looks at nothing but the logits, so that it may be given any tokens of a row, ids ascending. */
export type LogitsFilter = (logits: Float32Array) => void;
