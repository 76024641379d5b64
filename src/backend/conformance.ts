import { attentionCases } from './conformance/attention-cases.ts';
import type { ConformanceCase } from './conformance/conformance-case.ts';
import { elementWiseCases } from './conformance/element-wise-cases.ts';
import { linearCases } from './conformance/linear-cases.ts';
import { normCases } from './conformance/norm-cases.ts';
import { pagedAttentionCases } from './conformance/paged-attention-cases.ts';
import { rotaryCases } from './conformance/rotary-cases.ts';
import { rowCases } from './conformance/row-cases.ts';
import { softmaxCases } from './conformance/softmax-cases.ts';

export type { ConformanceCase, ConformanceOp } from './conformance/conformance-case.ts';

/** The contract of `Backend` as cases to run: whoever passes them all runs every model. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...elementWiseCases,
  ...linearCases,
  ...normCases,
  ...rotaryCases,
  ...rowCases,
  ...softmaxCases,
  ...attentionCases,
  ...pagedAttentionCases,
];
