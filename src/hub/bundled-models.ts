/** The models that come with the package, in its folder `models/`; they load by name. */
export const BUNDLED_MODELS = ['stories', 'stories-draft', 'normal-forms'] as const;

export type BundledModel = (typeof BUNDLED_MODELS)[number];

/** Whether a model comes with the package. */
export function isBundledModel(name: string): name is BundledModel {
  return (BUNDLED_MODELS as readonly string[]).includes(name);
}

/** Where a bundled model lies, in a checkout as in an installed package. */
export function bundledModelUrl(name: BundledModel): URL {
  const folder = `../../models/${name}`; // in two steps: a bundler would take a literal for a file to pack
  return new URL(folder, import.meta.url);
}
