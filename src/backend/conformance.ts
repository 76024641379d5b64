import { attentionCases } from './conformance/attention-cases.ts';
import type { ConformanceCase } from './conformance/conformance-case.ts';
import { elementWiseCases } from './conformance/element-wise-cases.ts';
import { linearCases } from './conformance/linear-cases.ts';
import { matrixCases } from './conformance/matrix-cases.ts';
import { memoryCases } from './conformance/memory-cases.ts';
import { normCases } from './conformance/norm-cases.ts';
import { operandCases } from './conformance/operand-cases.ts';
import { orderCases } from './conformance/order-cases.ts';
import { pagedAttentionCases } from './conformance/paged-attention-cases.ts';
import { rotaryCases } from './conformance/rotary-cases.ts';
import { rowCases } from './conformance/row-cases.ts';
import { scopeCases } from './conformance/scope-cases.ts';
import { softmaxCases } from './conformance/softmax-cases.ts';

export type { ConformanceCase, ConformanceOp } from './conformance/conformance-case.ts';

/** The contract of `Backend` as cases to run: whoever passes them all runs every model. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...memoryCases,
  ...matrixCases,
  ...orderCases,
  ...scopeCases,
  ...operandCases,
  ...elementWiseCases,
  ...linearCases,
  ...normCases,
  ...rotaryCases,
  ...rowCases,
  ...softmaxCases,
  ...attentionCases,
  ...pagedAttentionCases,
];
