import { formatShape, isSameShape, type Shape } from '../base/shape.ts';
import type { TensorEntry, WeightSource } from '../formats/weight-source.ts';
import { type Naming, type ParameterSpec, type StoredName, storedName } from './parameter-spec.ts';

/** A parameter and the tensor of the file that fills it. */
export interface MatchedParameter {
  readonly spec: ParameterSpec;
  readonly entry: TensorEntry;
  /** The file stores the matrix with inputs as rows. */
  readonly isTransposed: boolean;
  /** Where the parameter's first row is in the file's tensor. */
  readonly firstRow: number;
  /** Bytes of the parameter in the file. */
  readonly byteLength: number;
}

const FLOATS: readonly string[] = ['float64', 'float32', 'float16', 'bfloat16'];

/** Finds every parameter in a file. Missing, misshapen and unexpected tensors are one `Error` that lists them all. */
export function matchParameters(
  specs: readonly ParameterSpec[],
  naming: Naming,
  source: WeightSource,
): readonly MatchedParameter[] {
  const missing: string[] = [];
  const misshapen: string[] = [];
  const unclaimed = new Set(source.tensors.keys());
  const matched: MatchedParameter[] = [];
  for (const spec of specs) {
    const place = storedName(spec.path, naming);
    const { isTransposed, slice } = place;
    const candidates = [place.name, ...place.aliases].flatMap((name) => candidateNames(name, naming));
    const name = candidates.find((candidate) => source.tensors.has(candidate));
    if (name === undefined) {
      missing.push(candidates[0]!);
      continue;
    }
    unclaimed.delete(name);
    const entry = source.tensors.get(name)!;
    const wanted = storedShape(spec, place);
    if (!isSameShape(entry.shape, wanted))
      misshapen.push(`${name} has shape ${formatShape(entry.shape)}, wanted ${formatShape(wanted)}`);
    else if (!FLOATS.includes(entry.dtype))
      misshapen.push(`${name} is ${entry.dtype}, wanted a float of 16 to 64 bits`);
    const { firstRow, numRows } = slice ?? { firstRow: 0, numRows: wanted[0]! };
    const byteLength = slice === undefined ? entry.byteLength : (entry.byteLength / numRows) * spec.shape[0];
    matched.push({ spec, entry, isTransposed, firstRow, byteLength });
  }
  const unexpected = [...unclaimed].filter((name) => !naming.ignored.some((pattern) => pattern.test(name)));
  const problems = [
    ...listed('missing', missing),
    ...listed('misshapen', misshapen),
    ...listed('unexpected', unexpected),
  ];
  if (problems.length > 0)
    throw new Error(`Cannot load the weights in ${source.location}:\n  ${problems.join('\n  ')}`);
  return matched;
}

/** The shape that a file has for a parameter's tensor. */
export function storedShape(spec: ParameterSpec, { isTransposed, isRow, slice }: StoredName): Shape {
  if (isRow) return [1, ...spec.shape];
  if (slice !== undefined) return [slice.numRows, ...spec.shape.slice(1)];
  return isTransposed ? [...spec.shape].reverse() : spec.shape;
}

/** What a file may call a tensor: checkpoints of a bare model leave out what those with its head begin with. */
export function candidateNames(name: string, { optionalPrefix = '' }: Naming): readonly string[] {
  return name.startsWith(optionalPrefix) ? [name, name.slice(optionalPrefix.length)] : [name];
}

/** A file is distrusted: it must not be able to make an error message of any length. */
const MAX_LISTED = 100;

function listed(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > MAX_LISTED ? `, and ${names.length - MAX_LISTED} more` : '';
  return [`${names.length} ${what}: ${names.slice(0, MAX_LISTED).join(', ')}${more}`];
}
