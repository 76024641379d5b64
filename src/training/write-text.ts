import { platform } from '#platform';

/** Writes a small text file whole or not at all. */
export function writeText(location: string, text: string): Promise<void> {
  return platform.writeFileAtomically(location, (file) => file.append(new TextEncoder().encode(text)));
}
