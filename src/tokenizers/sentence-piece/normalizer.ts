import { CharacterMap } from './character-map.ts';
import type { PieceTrie } from './piece-trie.ts';
import type { NormalizerSettings } from './sentence-piece-model.ts';
import { characterLength } from './subword-model.ts';

/** What a space is in pieces: U+2581. */
export const SPACE_SYMBOL = '▁';

/**
 * What SentencePiece does to a text before it is cut (`normalizer.cc`): characters are replaced, spaces at both ends and all but one
 * of several removed, one put before the text, and spaces written as `▁`. User-defined pieces are left as they are.
 * Throws a `RangeError` for replacements that do not hold.
 */
export function createNormalizer(
  settings: NormalizerSettings,
  userDefined: PieceTrie | undefined,
  location: string,
): (text: string) => string {
  const map = settings.charsmap.length > 0 ? new CharacterMap(settings.charsmap, location) : undefined;
  const prefix = (text: string, at: number) => {
    const fixed = userDefined?.longestMatch(text, at)?.end;
    if (fixed !== undefined) return { length: fixed - at, text: text.slice(at, fixed) };
    const replacement = map?.longestMatch(text, at);
    if (replacement !== undefined) return replacement;
    const length = characterLength(text, at);
    return { length, text: text.slice(at, at + length) };
  };
  return (text) => normalize(wellFormed(text), settings, prefix);
}

function normalize(
  text: string,
  settings: NormalizerSettings,
  prefix: (text: string, at: number) => { readonly length: number; readonly text: string },
): string {
  const { removeExtraWhitespaces, addDummyPrefix, escapeWhitespaces, whitespaceIsSuffix } = settings;
  const space = escapeWhitespaces ? SPACE_SYMBOL : ' ';
  const parts: string[] = [];
  let followsSpace = removeExtraWhitespaces;
  let isEmpty = true;
  for (let at = 0; at < text.length; ) {
    const { length, text: replacement } = prefix(text, at);
    at += length;
    if (isEmpty && removeExtraWhitespaces && replacement === ' ') continue;
    isEmpty = false;
    const kept = followsSpace ? replacement.replace(/^ +/, '') : replacement;
    if (kept !== '') {
      parts.push(escapeWhitespaces ? kept.replaceAll(' ', SPACE_SYMBOL) : kept);
      followsSpace = removeExtraWhitespaces && kept.endsWith(' ');
    }
  }
  if (isEmpty) return '';
  const body = removeExtraWhitespaces ? trimEnd(parts.join(''), space) : parts.join('');
  if (!addDummyPrefix) return body;
  return whitespaceIsSuffix ? body + space : trimEmpty(space + body, space, removeExtraWhitespaces);
}

/** The added space goes with the spaces at the end if nothing lies between. */
function trimEmpty(text: string, space: string, removeExtraWhitespaces: boolean): string {
  return removeExtraWhitespaces && text === space ? '' : text;
}

function trimEnd(text: string, space: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === space) end--;
  return text.slice(0, end);
}

/** Halves of surrogate pairs become U+FFFD, as in UTF-8. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}
