import type { Backend } from '../backend.ts';
import type { ConformanceCase, ConformanceOp } from './conformance-case.ts';
import { expectClose, type Numbers } from './expect-close.ts';
import { TOLERANCES } from './tolerances.ts';
import { atWorkbench, type Workbench } from './workbench.ts';

interface Comparison {
  readonly op: ConformanceOp;
  /** What sets the case apart: sizes, dtype, values. */
  readonly of: string;
  /** Hold each row of so many elements to the tolerance by itself. */
  readonly rowLength?: number | undefined;
  /** That of the operation unless given. */
  readonly tolerance?: number | undefined;
  /** Computes the numbers that must agree. */
  readonly compute: (bench: Workbench) => Promise<Numbers>;
}

/** A case that computes something on the backend and on the reference, and compares. */
export function compareWithReference({
  op,
  of,
  rowLength,
  compute,
  tolerance: own = TOLERANCES[op],
}: Comparison): ConformanceCase {
  const name = `${op}: ${of}`;
  const wantedOf = new WeakMap<Backend, Numbers>(); // one computation for many backends under test
  return {
    name,
    op,
    tolerance: own,
    async run(backend, reference, tolerance = own) {
      const wanted = wantedOf.get(reference) ?? (await atWorkbench(reference, compute));
      wantedOf.set(reference, wanted);
      expectClose(name, await atWorkbench(backend, compute), wanted, tolerance, rowLength);
    },
  };
}

/** A case that holds on the backend by itself; `body` throws if it does not. */
export function requirement(
  op: ConformanceOp,
  what: string,
  body: (bench: Workbench, check: Checks, reference: Backend) => Promise<void>,
): ConformanceCase {
  const name = `${op}: ${what}`;
  const checks: Checks = {
    sameBits: (got, wanted, which) => expectClose(which === undefined ? name : `${name}, ${which}`, got, wanted, 0),
    isTrue(condition, problem) {
      if (!condition) throw new Error(`${name}: ${problem}`);
    },
    async throws(action, problem) {
      const error = await errorOf(action);
      if (error === undefined) throw new Error(`${name}: got no error, wanted one for ${problem}`);
      if (error instanceof Error && error.message !== '') return;
      throw new Error(`${name}: threw ${String(error)} for ${problem}, wanted an Error with a message`);
    },
  };
  return {
    name,
    op,
    tolerance: 0,
    run: (backend, reference) => atWorkbench(backend, (bench) => body(bench, checks, reference)),
  };
}

export interface Checks {
  sameBits(got: Numbers, wanted: Numbers, which?: string): void;
  isTrue(condition: boolean, problem: string): void;
  /** Expects `action` to throw, or its promise to reject. */
  throws(action: () => unknown, problem: string): Promise<void>;
}

async function errorOf(action: () => unknown): Promise<unknown> {
  try {
    await action();
    return undefined;
  } catch (error) {
    return error;
  }
}
