import { JsonFields } from '../config/json-fields.ts';

/** What models an adapter is of: PEFT's names for those that continue texts, and those with an encoder. */
export type AdapterTask = 'CAUSAL_LM' | 'SEQ_2_SEQ_LM';

const TASKS: readonly AdapterTask[] = ['CAUSAL_LM', 'SEQ_2_SEQ_LM'];

/** What an adapter is, in neutral words. */
export interface AdapterConfig {
  /** r, the rows of A. */
  readonly rank: number;
  readonly alpha: number;
  /** Share of the elements of each adapted layer's input that training drops before A; 0 to below 1. */
  readonly dropout: number;
  /** Which layers: see `targetedLayers`. */
  readonly targets: AdapterTargets;
  /** The scale is alpha / √rank (rsLoRA, Kalajdzievski 2023) instead of alpha / rank. */
  readonly isRankStabilized: boolean;
  /** Undefined where a file does not say it. */
  readonly task: AdapterTask | undefined;
  /** What the model that it was trained on is called; for people to read. */
  readonly baseModel: string | undefined;
}

/** The last names of modules in the checkpoint (`q_proj`), `all-linear`, or a regular expression of their whole names. */
export type AdapterTargets = readonly string[] | string;

/** What B·A is multiplied by: alpha / r (Hu et al. 2021), or alpha / √r. */
export function adapterScale({ rank, alpha, isRankStabilized }: AdapterConfig): number {
  return alpha / (isRankStabilized ? Math.sqrt(rank) : rank);
}

/** Keys of adapter_config.json that we read, and those that change nothing in what an adapter computes. */
const KNOWN = new Set([
  ...['peft_type', 'r', 'lora_alpha', 'lora_dropout', 'target_modules', 'use_rslora', 'bias', 'task_type'],
  ...['fan_in_fan_out', 'base_model_name_or_path', 'init_lora_weights'],
  ...[
    'auto_mapping',
    'revision',
    'inference_mode',
    'peft_version',
    'megatron_core',
    'qalora_group_size',
    'layers_pattern',
  ],
]);

/** Ways to start that leave the model's own weights as they are; PiSSA, OLoRA, LoftQ and CorDA do not. */
const INITIAL_WEIGHTS = [true, false, 'gaussian', 'orthogonal', 'eva'];

/**
 * Reads the text of an adapter_config.json as PEFT writes it. Throws a `SyntaxError` if it is no JSON, and a `RangeError` that
 * names a setting which cannot be or is not supported: other kinds than LoRA, DoRA, trained biases, further modules, ranks
 * that differ. What else PEFT may write is refused unless it is empty.
 */
export function parseAdapterConfig(location: string, text: string): AdapterConfig {
  const fields = JsonFields.parse(location, text);
  fields.oneOf('peft_type', ['LORA']);
  fields.requireSupported('task_type', TASKS);
  fields.requireSupported('bias', ['none']);
  fields.requireSupported('init_lora_weights', INITIAL_WEIGHTS);
  // Tells PEFT how matrices are stored; ours are all (outputs, inputs) in memory.
  fields.boolean('fan_in_fan_out', false);
  for (const key of fields.keys)
    if (!KNOWN.has(key) && !isEmpty(fields.value(key))) fields.requireSupported(key, [null]);
  return Object.freeze({
    rank: fields.count('r', 8),
    alpha: fields.positive('lora_alpha', 8),
    dropout: fields.share('lora_dropout', 0),
    targets: parseTargets(fields),
    isRankStabilized: fields.boolean('use_rslora', false),
    task: fields.has('task_type') ? fields.oneOf('task_type', TASKS) : undefined,
    baseModel: fields.has('base_model_name_or_path') ? fields.string('base_model_name_or_path') : undefined,
  });
}

/** The text of an adapter_config.json that PEFT reads. */
export function formatAdapterConfig(config: AdapterConfig, fanInFanOut: boolean): string {
  const json = {
    peft_type: 'LORA',
    task_type: config.task ?? null,
    base_model_name_or_path: config.baseModel ?? null,
    r: config.rank,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    use_rslora: config.isRankStabilized,
    target_modules: config.targets,
    fan_in_fan_out: fanInFanOut,
    bias: 'none',
    inference_mode: true,
  };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}

function parseTargets(fields: JsonFields): AdapterTargets {
  const targets = fields.value('target_modules');
  if (Array.isArray(targets) && targets.length > 0 && targets.every((name) => typeof name === 'string' && name !== ''))
    return Object.freeze([...new Set(targets as readonly string[])]);
  return fields.string('target_modules');
}

/** What PEFT writes where a setting is not used. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === false) return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
