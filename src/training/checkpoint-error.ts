/** A checkpoint that training cannot go on from: damaged, or of another training. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';

  constructor(folder: string, problem: string, options?: ErrorOptions) {
    super(`Cannot resume from ${folder}: ${problem}`, options);
  }
}
