import { Template } from '@huggingface/jinja';
import { platform } from '#platform';

/** One turn of a conversation. Templates may read further keys, such as `tool_calls`. */
export interface ChatMessage {
  readonly role: string;
  readonly content: string | readonly object[];
  readonly [key: string]: unknown;
}

export interface RenderOptions {
  /** End with what opens the assistant's answer; true by default. */
  readonly addGenerationPrompt?: boolean | undefined;
  /** JSON schemas of functions that the model may call. */
  readonly tools?: readonly object[] | undefined;
  /** Further variables of the template, such as `enable_thinking`. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}

/** The texts a model's folder may hold, and what error messages call it. */
export interface ChatTemplateFiles {
  readonly location: string;
  /** chat_template.jinja, which wins over the configuration. */
  readonly template?: string | undefined;
  /** tokenizer_config.json */
  readonly tokenizerConfig?: string | undefined;
}

/**
 * A model's own way to write a conversation as one text: a Jinja template from tokenizer_config.json or
 * chat_template.jinja. A model that was not trained on conversations has none, and then `render` throws.
 *
 * @example
 * const template = new ChatTemplate({ location: 'here', template: "{% for m in messages %}{{ m.content }}{% endfor %}" });
 * template.render([{ role: 'user', content: 'Hello' }]); // 'Hello'
 */
export class ChatTemplate {
  readonly #location: string;
  readonly #templates: ReadonlyMap<string, Template>;
  readonly #specialTokens: Readonly<Record<string, string>>;

  constructor({ location, template, tokenizerConfig }: ChatTemplateFiles) {
    const config = parseConfig(tokenizerConfig ?? '{}', location);
    const sources = template === undefined ? configured(config, location) : [['default', template] as const];
    this.#location = location;
    this.#templates = new Map(sources.map(([name, source]) => [name, compile(source, location)]));
    this.#specialTokens = specialTokens(config);
  }

  /** Whether the model has a template. */
  get isAvailable(): boolean {
    return this.#templates.size > 0;
  }

  /** The conversation as the model expects it, special tokens written out: encode it with `addSpecialTokens: false`. */
  render(messages: readonly ChatMessage[], options: RenderOptions = {}): string {
    const template = this.#choose(options.tools !== undefined);
    try {
      return template.render({
        ...this.#specialTokens,
        messages,
        tools: options.tools ?? null,
        documents: null,
        add_generation_prompt: options.addGenerationPrompt ?? true,
        ...options.variables,
      });
    } catch (cause) {
      throw new Error(`Cannot render the chat template of ${this.#location}: ${(cause as Error).message}`, { cause });
    }
  }

  #choose(hasTools: boolean): Template {
    const chosen = (hasTools ? this.#templates.get('tool_use') : undefined) ?? this.#templates.get('default');
    if (chosen !== undefined) return chosen;
    const names = [...this.#templates.keys()].map((name) => JSON.stringify(name)).join(', ');
    throw new Error(
      names === ''
        ? `Cannot write a conversation for ${this.#location}: it has no chat template. Give it a chat_template.jinja, ` +
            'or continue a plain text instead'
        : `Cannot write a conversation for ${this.#location}: it has the chat templates ${names}, wanted "default"`,
    );
  }
}

/** The chat template of a model's folder. */
export async function loadChatTemplate(
  folder: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ChatTemplate> {
  const [template, tokenizerConfig] = await Promise.all([
    platform.readText(platform.join(folder, 'chat_template.jinja'), options),
    platform.readText(platform.join(folder, 'tokenizer_config.json'), options),
  ]);
  return new ChatTemplate({ location: folder, template, tokenizerConfig });
}

type Config = Readonly<Record<string, unknown>>;

function parseConfig(text: string, location: string): Config {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot read the tokenizer_config.json of ${location}: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (typeof config === 'object' && config !== null && !Array.isArray(config)) return config as Config;
  throw new SyntaxError(
    `Cannot read the tokenizer_config.json of ${location}: got ${text.slice(0, 80)}, wanted an object`,
  );
}

/** `chat_template` is one template or several with names. */
function configured({ chat_template: value }: Config, location: string): readonly (readonly [string, string])[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [['default', value]];
  const isNamed = (entry: unknown): entry is { name: string; template: string } => {
    const { name, template } = (entry ?? {}) as { name?: unknown; template?: unknown };
    return typeof name === 'string' && typeof template === 'string';
  };
  if (Array.isArray(value) && value.every(isNamed)) return value.map(({ name, template }) => [name, template]);
  const got = JSON.stringify(value).slice(0, 80);
  throw new SyntaxError(
    `Cannot read the tokenizer_config.json of ${location}: its chat_template is ${got}, wanted a string or a list of { name, template }`,
  );
}

function compile(source: string, location: string): Template {
  try {
    return new Template(source);
  } catch (cause) {
    throw new SyntaxError(`Cannot read the chat template of ${location}: ${(cause as Error).message}`, { cause });
  }
}

/** `bos_token`, `eos_token` and their like, which templates read by these names. */
function specialTokens(config: Config): Record<string, string> {
  const tokens: Record<string, string> = {};
  for (const [key, value] of Object.entries(config)) {
    const content = typeof value === 'string' ? value : (value as { content?: unknown } | null)?.content;
    if (key.endsWith('_token') && typeof content === 'string') tokens[key] = content;
  }
  return tokens;
}
