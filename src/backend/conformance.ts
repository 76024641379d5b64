import { argmaxCases } from './conformance/argmax-cases.ts';
import { attentionCases } from './conformance/attention-cases.ts';
import { attentionGradientCases } from './conformance/attention-gradient-cases.ts';
import { cacheBlockCases } from './conformance/cache-block-cases.ts';
import type { ConformanceCase } from './conformance/conformance-case.ts';
import { crossAttentionCases } from './conformance/cross-attention-cases.ts';
import { crossEntropyCases } from './conformance/cross-entropy-cases.ts';
import { drawCases } from './conformance/draw-cases.ts';
import { elementWiseCases } from './conformance/element-wise-cases.ts';
import { elementWiseGradientCases } from './conformance/element-wise-gradient-cases.ts';
import { linearCases } from './conformance/linear-cases.ts';
import { linearEpilogueCases } from './conformance/linear-epilogue-cases.ts';
import { linearGradientCases } from './conformance/linear-gradient-cases.ts';
import { matrixCases } from './conformance/matrix-cases.ts';
import { memoryCases } from './conformance/memory-cases.ts';
import { narrowCacheCases } from './conformance/narrow-cache-cases.ts';
import { normCases } from './conformance/norm-cases.ts';
import { normGradientCases } from './conformance/norm-gradient-cases.ts';
import { operandCases } from './conformance/operand-cases.ts';
import { optimizerCases } from './conformance/optimizer-cases.ts';
import { orderCases } from './conformance/order-cases.ts';
import { pagedAttentionCases } from './conformance/paged-attention-cases.ts';
import { quantizedCases } from './conformance/quantized-cases.ts';
import { rotaryCases } from './conformance/rotary-cases.ts';
import { rowCases } from './conformance/row-cases.ts';
import { rowGradientCases } from './conformance/row-gradient-cases.ts';
import { scopeCases } from './conformance/scope-cases.ts';
import { softmaxCases } from './conformance/softmax-cases.ts';
import { topKCases } from './conformance/top-k-cases.ts';
import { trainingOperandCases } from './conformance/training-operand-cases.ts';

export type { ConformanceCase, ConformanceOp } from './conformance/conformance-case.ts';

/**
 * The contract of `Backend` as cases to run, with any test runner: a backend that passes them all runs every model. The
 * reference is a backend from `createReferenceBackend`; what it computes is kept, so give the same one to every case. No case
 * leaves anything allocated.
 *
 * @example
 * import { conformanceCases } from 'kvasir/testing';
 *
 * for (const it of conformanceCases) test(it.name, () => it.run(backend, reference));
 */
export const conformanceCases: readonly ConformanceCase[] = [
  ...memoryCases,
  ...matrixCases,
  ...orderCases,
  ...scopeCases,
  ...operandCases,
  ...elementWiseCases,
  ...linearCases,
  ...linearEpilogueCases,
  ...quantizedCases,
  ...normCases,
  ...rotaryCases,
  ...rowCases,
  ...softmaxCases,
  ...topKCases,
  ...argmaxCases,
  ...drawCases,
  ...attentionCases,
  ...pagedAttentionCases,
  ...crossAttentionCases,
  ...cacheBlockCases,
  ...narrowCacheCases,
  ...trainingOperandCases,
  ...elementWiseGradientCases,
  ...linearGradientCases,
  ...normGradientCases,
  ...rowGradientCases,
  ...attentionGradientCases,
  ...crossEntropyCases,
  ...optimizerCases,
];
