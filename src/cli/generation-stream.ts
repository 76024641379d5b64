import type { GeneratedToken } from '../decoding/generation-output.ts';
import type { Generation } from '../llm/generation.ts';

/** Tokens as they come, and the whole. */
export type GenerationStream = AsyncGenerator<GeneratedToken, Generation, void>;

/** A generation whose text is not settled before its end, as a stream: its tokens come all at once. */
export async function* allAtOnce(generate: () => Promise<Generation>): GenerationStream {
  const generation = await generate();
  const { tokenIds, text } = generation;
  for (const [i, tokenId] of tokenIds.entries()) {
    yield { index: 0, tokenId, text: i === tokenIds.length - 1 ? text : '' };
  }
  return generation;
}

/** Hands each token of a generation on as it comes, and gives the whole at the end. */
export async function followStream(
  stream: GenerationStream,
  onToken: (token: GeneratedToken) => void,
): Promise<Generation> {
  for (;;) {
    const next = await stream.next();
    if (next.done) return next.value;
    onToken(next.value);
  }
}
