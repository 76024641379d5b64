import { type LanguageModelDescription, languageModelParameters } from '../models/language-model.ts';
import { storedName } from '../models/parameter-spec.ts';
import type { AdapterTargets } from './adapter-config.ts';
import { compilePattern } from './compile-pattern.ts';

/** A linear layer that an adapter changes. */
export interface TargetedLayer {
  /** `layers.0.attention.query`. */
  readonly path: string;
  /** Its name in the checkpoint: `model.layers.0.self_attn.q_proj`. */
  readonly module: string;
  readonly inputs: number;
  readonly outputs: number;
  /** The checkpoint stores the matrix as (inputs, outputs). */
  readonly isTransposed: boolean;
}

/**
 * The layers of a model that targets name, as PEFT understands them: each module whose name is in a list or ends with a dot
 * and one of it; every linear layer of the blocks for `all-linear`; else those whose whole name a regular expression
 * matches. The embedding and the output projection cannot be adapted. Throws a `RangeError` if there are none; `action` is
 * what the message says cannot be done.
 */
export function targetedLayers(
  description: LanguageModelDescription,
  targets: AdapterTargets,
  action: string,
): readonly TargetedLayer[] {
  const layers = linearLayers(description);
  const isTargeted = targetTest(targets, action);
  const found = layers.filter(({ module }) => isTargeted(module));
  if (found.length > 0) return found;
  const known = lastNames(layers).join(', ');
  throw new RangeError(
    `Cannot ${action}: the target modules ${show(targets)} name no linear layer of the model; it has ${known}`,
  );
}

/** The last names of modules, each once. */
export function lastNames(layers: readonly TargetedLayer[]): readonly string[] {
  return [...new Set(layers.map(({ module }) => module.slice(module.lastIndexOf('.') + 1)))];
}

/** The matrices of the blocks, of an encoder's too, are all of linear layers. */
function linearLayers({ config, naming }: LanguageModelDescription): readonly TargetedLayer[] {
  return languageModelParameters(config).flatMap(({ kind, path, shape }) => {
    if (kind !== 'matrix' || !/^((en|de)coder\.)?layers\./.test(path)) return [];
    const { name, isTransposed } = storedName(path, naming);
    const [outputs, inputs] = shape;
    return [{ path: withoutWeight(path), module: withoutWeight(name), inputs, outputs, isTransposed }];
  });
}

function withoutWeight(name: string): string {
  return name.slice(0, -'.weight'.length);
}

function targetTest(targets: AdapterTargets, action: string): (module: string) => boolean {
  if (typeof targets !== 'string') {
    const wanted = new Set(targets);
    return (module) => endsOf(module).some((end) => wanted.has(end));
  }
  // PEFT takes it in any case.
  if (targets.toLowerCase() === 'all-linear') return () => true;
  const pattern = compilePattern(targets, action);
  return (module) => pattern.test(module);
}

/** `a.b.c` as `a.b.c`, `b.c`, `c`. */
function endsOf(module: string): readonly string[] {
  const names = module.split('.');
  return names.map((_, i) => names.slice(i).join('.'));
}

function show(targets: AdapterTargets): string {
  const text = JSON.stringify(targets);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
