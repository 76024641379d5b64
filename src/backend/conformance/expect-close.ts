export type Numbers = Float32Array | Int32Array;

/**
 * Throws unless `got` is `wanted` to within `tolerance`: ‖got − wanted‖ / ‖wanted‖, over the whole array or, with
 * `rowLength`, over each row of it. Infinities and NaN must be equal in place. A tolerance of 0 asks for the same bits.
 */
export function expectClose(
  subject: string,
  got: Numbers,
  wanted: Numbers,
  tolerance: number,
  rowLength = wanted.length,
): void {
  if (got.constructor !== wanted.constructor || got.length !== wanted.length) {
    throw new Error(`${subject}: got ${describe(got)}, wanted ${describe(wanted)}`);
  }
  for (let start = 0; start < wanted.length; start += rowLength) {
    const end = start + rowLength;
    expectRowClose(subject, start, got.subarray(start, end), wanted.subarray(start, end), tolerance);
  }
}

function expectRowClose(subject: string, start: number, got: Numbers, wanted: Numbers, tolerance: number): void {
  const error = relativeError(got, wanted);
  const wrong =
    tolerance === 0
      ? firstIndex(got, wanted, (a, b) => !Object.is(a, b))
      : error > tolerance && firstWrongIndex(got, wanted, tolerance);
  if (wrong === undefined || wrong === false) return;
  throw new Error(
    `${subject}: element ${start + wrong} is ${got[wrong]}, wanted ${wanted[wrong]} ` +
      `(relative error ${error.toExponential(1)}, tolerance ${tolerance})`,
  );
}

/** The first element that is off by more than its share of the tolerance; there is one if the whole is off by more. */
function firstWrongIndex(got: Numbers, wanted: Numbers, tolerance: number): number | undefined {
  const finite = Array.from(wanted).filter(Number.isFinite);
  const rootMeanSquare = finite.length === 0 ? 0 : Math.sqrt(finite.reduce((sum, x) => sum + x * x, 0) / finite.length);
  return firstIndex(got, wanted, (a, b) => !isSame(a, b) && !(Math.abs(a - b) <= tolerance * rootMeanSquare));
}

function firstIndex(got: Numbers, wanted: Numbers, isWrong: (a: number, b: number) => boolean): number | undefined {
  for (let i = 0; i < wanted.length; i++) if (isWrong(got[i]!, wanted[i]!)) return i;
  return undefined;
}

/** ‖got − wanted‖ / ‖wanted‖; infinite if an infinity or NaN stands where it should not. */
function relativeError(got: Numbers, wanted: Numbers): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < wanted.length; i++) {
    if (isSame(got[i]!, wanted[i]!) && !Number.isFinite(wanted[i]!)) continue;
    difference += (got[i]! - wanted[i]!) ** 2;
    size += wanted[i]! ** 2;
  }
  if (difference === 0) return 0;
  return Number.isFinite(difference) ? Math.sqrt(difference / size) : Number.POSITIVE_INFINITY;
}

function isSame(a: number, b: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

function describe(numbers: Numbers): string {
  return `${numbers.length} ${numbers instanceof Int32Array ? 'int32' : 'float32'}`;
}
