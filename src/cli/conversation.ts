import type { GeneratedToken } from '../decoding/generation-output.ts';
import type { ChatOptions } from '../llm/generate-options.ts';
import type { Generation } from '../llm/generation.ts';
import type { LLM } from '../llm/llm.ts';
import type { ChatMessage } from '../tokenizers/chat-template.ts';
import { allAtOnce, followStream, type GenerationStream } from './generation-stream.ts';

/** What a user and a model have said to each other so far. */
export class Conversation {
  readonly #llm: LLM;
  readonly #options: ChatOptions;
  readonly #isSettledEarly: boolean;
  readonly #opening: readonly ChatMessage[];
  #messages: readonly ChatMessage[];

  /**
   * `isSettledEarly`: whether the options let an answer be given out before its end. Throws an `Error` if the model has no
   * chat template, or one that takes no system message where there is one.
   */
  constructor(
    llm: LLM,
    { system, ...options }: ChatOptions & { readonly system?: string | undefined },
    isSettledEarly: boolean,
  ) {
    this.#llm = llm;
    this.#options = options;
    this.#isSettledEarly = isSettledEarly;
    this.#opening = system === undefined ? [] : [{ role: 'system', content: system }];
    this.#messages = this.#opening;
    llm.streamChat([...this.#opening, { role: 'user', content: 'Hello' }]);
  }

  /** The model's answer. What it has said before an error or an abort is part of the conversation. */
  async answer(
    text: string,
    { signal, onToken }: { readonly signal: AbortSignal; readonly onToken: (token: GeneratedToken) => void },
  ): Promise<Generation> {
    const messages = [...this.#messages, { role: 'user', content: text }];
    let said = '';
    try {
      const generation = await followStream(this.#stream(messages, signal), (token) => {
        said += token.text;
        onToken(token);
      });
      this.#messages = [...messages, { role: 'assistant', content: said }];
      return generation;
    } catch (error) {
      if (said !== '') this.#messages = [...messages, { role: 'assistant', content: said }];
      throw error;
    }
  }

  /** Forgets all but the system message. */
  reset(): void {
    this.#messages = this.#opening;
  }

  #stream(messages: readonly ChatMessage[], signal: AbortSignal): GenerationStream {
    const options = { ...this.#options, signal };
    if (this.#isSettledEarly) return this.#llm.streamChat(messages, options);
    return allAtOnce(() => this.#llm.chat(messages, options));
  }
}
