/** What `JSON.parse` does not tell: how deep a text nests, and keys given twice in one object. */
export interface JsonStructure {
  readonly depth: number;
  readonly duplicateKey: string | undefined;
}

/**
 * Scans a text that may or may not be JSON, without recursion and without building values, and stops where it nests
 * deeper than `maxDepth`. Of a text that is not JSON it tells nothing useful, but it ends.
 */
export function jsonStructure(text: string, maxDepth: number): JsonStructure {
  const keys: Set<string>[] = [];
  let depth = 0;
  let deepest = 0;
  let duplicateKey: string | undefined;
  let at = 0;
  while (at < text.length) {
    const character = text[at];
    if (character === '"') {
      const end = endOfString(text, at);
      if (text[skipSpace(text, end)] === ':') {
        const key = unquote(text.slice(at, end));
        const seen = keys[depth];
        if (seen?.has(key)) duplicateKey ??= key;
        seen?.add(key);
      }
      at = end;
      continue;
    }
    if (character === '{' || character === '[') {
      depth++;
      if (depth > maxDepth) return { depth, duplicateKey };
      deepest = Math.max(deepest, depth);
      keys[depth] = new Set();
    } else if (character === '}' || character === ']') {
      depth = Math.max(0, depth - 1);
    }
    at++;
  }
  return { depth: deepest, duplicateKey };
}

/** The index after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (at < text.length && ' \t\n\r'.includes(text[at]!)) at++;
  return at;
}

function unquote(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    return JSON.parse(literal);
  } catch {
    return literal;
  }
}
