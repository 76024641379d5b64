import type { Shape } from '../base/shape.ts';

/**
 * A parameter of a model: where it stands in the module tree, and its shape. A `matrix` is kept in its own width and in
 * the backend's layout; a `vector` (bias, norm, small table) is float32.
 */
export type ParameterSpec =
  | { readonly kind: 'matrix'; readonly path: string; readonly shape: readonly [number, number] }
  | { readonly kind: 'vector'; readonly path: string; readonly shape: Shape };

/** How a family of checkpoints names the parameters. */
export interface Naming {
  /** Module path to name in the file; `{}` stands for the layer's number in both. */
  readonly names: Readonly<Record<string, string>>;
  /** What names begin with in checkpoints of a model with its head; those of the bare model leave it out. */
  readonly optionalPrefix?: string;
  /** Module paths whose matrix is stored with inputs as rows, as GPT-2's `Conv1D`. */
  readonly transposed: ReadonlySet<string>;
  /** Other names that a file may have for a parameter, where it has not the first. */
  readonly aliases?: Readonly<Record<string, readonly string[]>>;
  /** Module paths of vectors that are stored as a matrix of one row. */
  readonly rows?: ReadonlySet<string>;
  /** Parameters stored as a run of rows of a larger tensor, as PyTorch stacks query, key and value. */
  readonly slices?: Readonly<Record<string, RowSlice>>;
  /** Names that a file may hold besides, and that carry no parameter of the model (masks, tied copies). */
  readonly ignored: readonly RegExp[];
}

export interface RowSlice {
  readonly firstRow: number;
  /** Rows of the whole tensor. */
  readonly numRows: number;
}

/** Parameters held by a spec. */
export function countParameters(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, { shape }) => sum + (shape as Shape).reduce((product, size) => product * size, 1), 0);
}

/** `layers.3.mlp.up.weight` as `layers.{}.mlp.up.weight` and 3, also within a side: `encoder.layers.3.mlp.up.weight`. */
function splitLayer(path: string): { readonly pattern: string; readonly layer: string | undefined } {
  const match = /^((?:encoder\.|decoder\.)?)layers\.(\d+)\./.exec(path);
  if (match === null) return { pattern: path, layer: undefined };
  return { pattern: path.replace(match[0], `${match[1]}layers.{}.`), layer: match[2] };
}

/** Whether a parameter, or module, is of one of the layers, of whichever side. */
export function isOfLayer(path: string): boolean {
  return splitLayer(path).layer !== undefined;
}

/** How a checkpoint stores the parameter at a path. Throws a `RangeError` for one that the naming does not have. */
export function storedName(path: string, naming: Naming): StoredName {
  const { pattern, layer } = splitLayer(path);
  const name = naming.names[pattern];
  if (name === undefined) throw new RangeError(`Cannot name parameter ${path}: the architecture has no such name`);
  return {
    name: layer === undefined ? name : name.replace('{}', layer),
    isTransposed: naming.transposed.has(pattern),
    aliases: naming.aliases?.[pattern] ?? [],
    isRow: naming.rows?.has(pattern) ?? false,
    slice: naming.slices?.[pattern],
  };
}

export interface StoredName {
  readonly name: string;
  /** The matrix is stored with inputs as rows. */
  readonly isTransposed: boolean;
  readonly aliases: readonly string[];
  /** The vector is stored as a matrix of one row. */
  readonly isRow: boolean;
  /** The parameter is a part of the tensor. */
  readonly slice: RowSlice | undefined;
}
