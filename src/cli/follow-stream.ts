import { setImmediate } from 'node:timers/promises';
import type { GeneratedToken } from '../decoding/generation-output.ts';
import type { Generation } from '../llm/generation.ts';

/**
 * Hands each token of a generation on as it comes, and gives the whole at the end. A device that computes on this thread
 * never waits, so the signals and the errors of streams are let in after each token.
 */
export async function followStream(
  stream: AsyncGenerator<GeneratedToken, Generation, void>,
  onToken: (token: GeneratedToken) => void,
): Promise<Generation> {
  for (;;) {
    const next = await stream.next();
    if (next.done) return next.value;
    onToken(next.value);
    await setImmediate();
  }
}
