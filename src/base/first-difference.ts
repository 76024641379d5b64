/** Where two values differ, and what stands there. */
export interface Difference {
  /** `schedule.kind`, `windows.3`; empty if they differ as a whole. */
  readonly path: string;
  readonly first: unknown;
  readonly second: unknown;
}

/** The first place at which two values that JSON can hold differ; an absent field counts as undefined. */
export function firstDifference(first: unknown, second: unknown, path = ''): Difference | undefined {
  if (!isObject(first) || !isObject(second) || Array.isArray(first) !== Array.isArray(second))
    return Object.is(first, second) ? undefined : { path, first, second };
  for (const name of new Set([...Object.keys(first), ...Object.keys(second)])) {
    const found = firstDifference(first[name], second[name], path === '' ? name : `${path}.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
