/** A model on the hub. */
export interface ModelId {
  /** `org/name`, or `gpt2` for the oldest ones. */
  readonly name: string;
  readonly revision: string;
  /** Which of its GGUF files: the name of one, or of the type of its tensors, such as `Q4_0`. */
  readonly gguf: string | undefined;
}

/** One or two words of the characters the hub allows, and perhaps a revision and a GGUF file. */
const PATTERN =
  /^(?<name>(?:[A-Za-z0-9][\w.-]*\/)?[A-Za-z0-9][\w.-]*)(?:@(?<revision>[\w./-]+))?(?::(?<gguf>[A-Za-z0-9][\w.+-]*))?$/;

/**
 * Reads `org/name`, `org/name@revision` and either with `:Q4_0` or `:file.gguf` at its end; undefined for what can only be a path.
 * Throws a `TypeError` if a revision is given twice, or is no name of a branch, a tag or a commit.
 */
export function parseModelId(text: string, revision: string | undefined): ModelId | undefined {
  const { name, revision: written, gguf } = PATTERN.exec(text)?.groups ?? {};
  if (gguf !== undefined && !name?.includes('/')) return undefined; // as in C:models
  if (name === undefined || name.includes('..') || name.includes('--')) return undefined;
  if (written !== undefined && revision !== undefined && written !== revision) {
    throw new TypeError(
      `Cannot resolve ${text}: the option revision is ${JSON.stringify(revision)}, wanted one revision`,
    );
  }
  const chosen = written ?? revision ?? 'main';
  if (!/^[\w.-]+(\/[\w.-]+)*$/.test(chosen) || chosen.split('/').some((part) => /^\.+$/.test(part))) {
    throw new TypeError(
      `Cannot resolve ${text}: revision ${JSON.stringify(chosen)}, wanted a branch, a tag or a commit`,
    );
  }
  return { name, revision: chosen, gguf };
}
