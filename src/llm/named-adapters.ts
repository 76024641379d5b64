import { adapterFingerprint } from '../adapters/adapter-fingerprint.ts';
import { type LoraAdapter, loadAdapter } from '../adapters/lora-adapter.ts';
import { didYouMean } from '../base/suggest.ts';
import type { ServedAdapter } from '../engine/request.ts';
import type { LanguageModel } from '../models/language-model.ts';

/** The adapters that were loaded with a model, by the names that requests know them by. */
export class NamedAdapters {
  readonly #byName: ReadonlyMap<string, ServedAdapter>;

  private constructor(byName: ReadonlyMap<string, ServedAdapter>) {
    this.#byName = byName;
  }

  /** Loads each from its folder. Throws as `loadAdapter` does. */
  static async load(
    model: LanguageModel,
    folders: Readonly<Record<string, string>>,
    options: { readonly signal?: AbortSignal | undefined },
  ): Promise<NamedAdapters> {
    const adapters: Record<string, LoraAdapter> = {};
    for (const [name, folder] of Object.entries(folders)) adapters[name] = await loadAdapter(model, folder, options);
    return NamedAdapters.of(adapters);
  }

  /** Those that are there already, as they are now. */
  static async of(adapters: Readonly<Record<string, LoraAdapter>>): Promise<NamedAdapters> {
    const byName = new Map<string, ServedAdapter>();
    for (const [name, adapter] of Object.entries(adapters))
      byName.set(name, { adapter, fingerprint: await adapterFingerprint(adapter) });
    return new NamedAdapters(byName);
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  /** The adapter of a name; undefined for none. Throws a `RangeError` for an unknown name. */
  find(name: string | undefined, action: string): ServedAdapter | undefined {
    if (name === undefined) return undefined;
    const found = this.#byName.get(name);
    if (found !== undefined) return found;
    const { names } = this;
    const known = names.length === 0 ? 'the model was loaded without adapters' : `known: ${names.join(', ')}`;
    throw new RangeError(
      `Cannot ${action}: there is no adapter ${JSON.stringify(name)}${didYouMean(name, names)}; ${known}`,
    );
  }
}
