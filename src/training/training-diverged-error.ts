/** A loss or a gradient is no finite number any more; the parameters are those before the step. */
export class TrainingDivergedError extends Error {
  override readonly name = 'TrainingDivergedError';
  /** Steps that were made before. */
  readonly step: number;
  /** A parameter or a module by its path, `the gradient of PATH`, or `loss`. */
  readonly tensor: string;

  constructor(step: number, problem: string, tensor: string) {
    super(`Cannot go on training after ${step} steps: ${problem}; the first tensor that is not finite is ${tensor}`);
    this.step = step;
    this.tensor = tensor;
  }
}
