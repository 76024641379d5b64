import type { ParameterSpec } from './parameter-spec.ts';

/** The parameters of a linear layer. */
export function linear(path: string, outputs: number, inputs: number, hasBias: boolean): ParameterSpec[] {
  const weight = matrix(`${path}.weight`, outputs, inputs);
  return hasBias ? [weight, vector(`${path}.bias`, outputs)] : [weight];
}

/** The parameters of a norm. */
export function norm(path: string, size: number, hasBias: boolean): ParameterSpec[] {
  const weight = vector(`${path}.weight`, size);
  return hasBias ? [weight, vector(`${path}.bias`, size)] : [weight];
}

export function matrix(path: string, rows: number, columns: number): ParameterSpec {
  return { kind: 'matrix', path, shape: [rows, columns] };
}

/** A small matrix that is looked up and never multiplied: float32 as vectors are. */
export function table(path: string, rows: number, columns: number): ParameterSpec {
  return { kind: 'vector', path, shape: [rows, columns] };
}

export function vector(path: string, size: number): ParameterSpec {
  return { kind: 'vector', path, shape: [size] };
}
