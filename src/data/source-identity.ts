import { platform } from '#platform';
import { sha256Hex } from '../base/sha256.ts';
import type { TextSource } from './text-source.ts';

/** Sources as they were at some time: other contents have another identity. */
export interface SourceIdentities {
  /** JSON values: the sources with size and time of the last change of each file, or a hash of what is in memory. */
  readonly identities: readonly object[];
  /** Sizes of all files together. */
  readonly totalBytes: number;
}

/** Looks at the files of sources. Throws an `Error` for one that is not there. */
export async function identifySources(sources: readonly TextSource[]): Promise<SourceIdentities> {
  let totalBytes = 0;
  const identities: object[] = [];
  for (const source of sources) {
    if (source.format === 'documents') {
      identities.push({ format: source.format, sha256: await sha256Hex(JSON.stringify(source.documents)) });
      continue;
    }
    const files = [];
    for (const path of pathsOf(source)) {
      const status = await platform.fileStatus(path);
      if (status === undefined) throw new Error(`Cannot read ${path}: there is no such file`);
      totalBytes += status.size;
      files.push(status);
    }
    identities.push({ ...source, files });
  }
  return { identities, totalBytes };
}

function pathsOf(source: Exclude<TextSource, { readonly format: 'documents' }>): readonly string[] {
  return source.format === 'parallel' ? [source.sourcePath, source.targetPath] : [source.path];
}
