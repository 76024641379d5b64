import type { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { DecoderOnlyTransformer } from '../nn/decoder-only-transformer.ts';
import { createForwardBatch, type StepEntry } from '../nn/forward-batch.ts';
import { draw } from '../ops/draw.ts';
import { scale } from '../ops/elementwise.ts';
import { argmax } from '../ops/rows.ts';
import { softmax } from '../ops/softmax.ts';
import { Tensor } from '../tensor/tensor.ts';

/** How the tokens of `CausalLM.stepAhead` are chosen. */
export interface AheadOptions {
  /** Steps, at least 1. */
  readonly count: number;
  /** Draws each token from softmax(logits / temperature), as min-p leaves it; the likeliest token is taken unless given. */
  readonly draw?: AheadDraw | undefined;
}

export interface AheadDraw {
  /** Above 0. */
  readonly temperature: number;
  /** Tokens less likely than this share of the likeliest are not drawn; 0 to 1. */
  readonly minP: number;
  /** (count, sequences): the place of each draw in the cumulative distribution, 0 to 1. */
  readonly uniforms: Float32Array;
}

/** What `CausalLM.stepAhead` gives. */
export interface StepsAhead {
  /** (count, sequences). */
  readonly tokenIds: Int32Array;
  /** Whether all logits were numbers, as far as the choices show. */
  readonly areNumbers: boolean;
}

/** Records the steps, each over the tokens that the one before has chosen. Call inside a scope. */
export function stepAhead(
  transformer: DecoderOnlyTransformer,
  cache: PagedKvCache,
  entries: readonly StepEntry[],
  options: AheadOptions,
): Promise<StepsAhead> {
  // What stands in for tokens that only the device knows.
  const next = entries.map((entry) => ({ ...entry, tokenIds: [0] }));
  const choices: Choice[] = [];
  for (let step = 0; step < options.count; step++) {
    const known = choices.at(-1)?.indices;
    const choice = cache.backend.scope((keep) => {
      const batch = createForwardBatch(cache, known === undefined ? entries : next, { logits: 'last' });
      const logits = transformer.forward(known === undefined ? batch : { ...batch, tokenIds: known });
      const { indices, values } = choose(logits, options.draw, step);
      keep(indices.buffer);
      keep(values.buffer);
      return { indices, values };
    });
    choices.push(choice);
  }
  return readChoices(choices);
}

interface Choice {
  readonly indices: Tensor;
  readonly values: Tensor;
}

function choose(logits: Tensor, from: AheadDraw | undefined, step: number): Choice {
  if (from === undefined) return argmax(logits);
  const { backend, numRows } = logits;
  const uniforms = Tensor.from(backend, from.uniforms.slice(step * numRows, (step + 1) * numRows));
  return draw(softmax(scale(logits, 1 / from.temperature)), uniforms, from);
}

async function readChoices(choices: readonly Choice[]): Promise<StepsAhead> {
  const reads = choices.map(({ indices, values }) => Promise.all([indices.read(), values.read()]));
  const steps = await Promise.all(reads);
  return {
    tokenIds: Int32Array.from(steps.flatMap(([indices]) => [...indices])),
    areNumbers: steps.every(([, values]) => values.every(Number.isFinite)),
  };
}
