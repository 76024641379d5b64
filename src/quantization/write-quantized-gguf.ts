import type { CausalLM } from '../models/causal-lm.ts';
import { type WriteGgufOptions, writeGgufModel } from '../models/gguf/write-gguf.ts';
import { readerOf } from '../models/parameter-reader.ts';
import type { QuantizedMatrix } from '../quantized/quantized-matrix.ts';

/** How to write a quantised model as GGUF. */
export interface WriteQuantizedGgufOptions extends WriteGgufOptions {
  /** The folder that the model was loaded from: its tokenizer and chat template are kept. */
  readonly baseFolder?: string | undefined;
}

/**
 * Writes a model and what `quantizeModel` made of its matrices as a GGUF file: Q8_0 for 8 bits, Q4_0 for 4, Q4_1 for 4 with zero points,
 * in groups of 32 with float16 scales. Other matrices are of `dtype`, and those whose rows are no whole blocks float16. Throws as
 * `writeGguf`, and a `RangeError` for schemes that GGUF has no blocks for.
 *
 * @example
 * const matrices = await quantizeModel(model, { scheme: { ...QUANTIZATIONS.int4, scaleDType: 'float16' }, method: 'search' });
 * await writeQuantizedGguf(model, matrices, 'model-q4_0.gguf', { dtype: 'q8_0', baseFolder: 'path/to/original' });
 */
export function writeQuantizedGguf(
  model: CausalLM,
  matrices: ReadonlyMap<string, QuantizedMatrix>,
  location: string,
  { baseFolder, ...options }: WriteQuantizedGgufOptions = {},
): Promise<void> {
  const { config, parameters } = model;
  return writeGgufModel({ config, read: readerOf(parameters), matrices }, baseFolder, location, options);
}
