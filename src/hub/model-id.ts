/** A model on the hub. */
export interface ModelId {
  /** `org/name`, or `gpt2` for the oldest ones. */
  readonly name: string;
  readonly revision: string;
}

/** One or two words of the characters the hub allows, and perhaps a revision. */
const PATTERN = /^(?<name>(?:[A-Za-z0-9][\w.-]*\/)?[A-Za-z0-9][\w.-]*)(?:@(?<revision>[\w./-]+))?$/;

/**
 * Reads `org/name` or `org/name@revision`; undefined for what can only be a path.
 * Throws a `TypeError` if a revision is given twice, or is no name of a branch, a tag or a commit.
 */
export function parseModelId(text: string, revision: string | undefined): ModelId | undefined {
  const { name, revision: written } = PATTERN.exec(text)?.groups ?? {};
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
  return { name, revision: chosen };
}
