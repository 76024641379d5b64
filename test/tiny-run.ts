/** Some text to train on, a few seconds of it. */
export const TINY_TEXT = 'the cat sat on the mat. the dog ran to the sea. a bird sang in the tree. '.repeat(12);

/** The flags of a training of milliseconds. */
export const TINY_TRAINING = [
  ...['--tokenizer-kind', 'char', '--num-layers', '1', '--num-heads', '2', '--hidden-size', '16'],
  ...['--context-length', '16', '--batch-size', '2', '--max-steps', '6', '--evaluate-every', '3'],
  ...['--device', 'reference', '--learning-rate', '0.01', '--dropout', '0.1'],
] as const;
