import type { GeneratedToken } from '../decoding/generation-output.ts';
import type { Generation } from '../llm/llm.ts';

/** Hands each token of a generation on as it comes, and gives the whole at the end. */
export async function followStream(
  stream: AsyncGenerator<GeneratedToken, Generation, void>,
  onToken: (token: GeneratedToken) => void,
): Promise<Generation> {
  for (;;) {
    const next = await stream.next();
    if (next.done) return next.value;
    onToken(next.value);
  }
}
