import type { Tensor } from '../tensor/tensor.ts';

/** Drops some elements of a tensor, always the same for one `site` (a module path) of one step. */
export type Dropout = (input: Tensor, site: string) => Tensor;
