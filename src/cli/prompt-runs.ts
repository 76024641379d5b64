import { eitherSignal } from '../base/either-signal.ts';
import type { GeneratedToken } from '../decoding/generation-output.ts';
import type { GenerateOptions, Prompt } from '../llm/generate-options.ts';
import type { Generation } from '../llm/generation.ts';
import type { LLM } from '../llm/llm.ts';
import { allAtOnce, followStream, type GenerationStream } from './generation-stream.ts';

/** How prompts are continued. */
export interface RunSettings {
  readonly llm: LLM;
  readonly options: GenerateOptions;
  /** Whether the text can be given out before its end. */
  readonly isSettledEarly: boolean;
}

/** A prompt on its way. */
export interface PromptRun {
  readonly prompt: Prompt;
  /** What has come so far. */
  readonly tokens: readonly GeneratedToken[];
  readonly generation: Promise<Generation>;
}

/** The tokens of one prompt: as they come, or all at the end where they are not settled before. */
export function streamPrompt({ llm, options, isSettledEarly }: RunSettings, prompt: Prompt): GenerationStream {
  return isSettledEarly ? llm.stream(prompt, options) : allAtOnce(() => llm.generate(prompt, options));
}

/** Continues several prompts at once. One that fails takes the others with it. */
export function startRuns(settings: RunSettings, prompts: readonly Prompt[]): readonly PromptRun[] {
  const failure = new AbortController();
  const { signal } = settings.options;
  const options = {
    ...settings.options,
    signal: eitherSignal(signal, failure.signal),
  };
  const runs = prompts.map((prompt) => {
    const tokens: GeneratedToken[] = [];
    const generation = followStream(streamPrompt({ ...settings, options }, prompt), (token) => tokens.push(token));
    return { prompt, tokens, generation };
  });
  Promise.all(runs.map(({ generation }) => generation)).catch((error) => failure.abort(error));
  return runs;
}
