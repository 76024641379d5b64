import { CharacterMap } from './sentence-piece/character-map.ts';
import { wellFormed } from './sentence-piece/normalizer.ts';

/** Longer grapheme clusters are replaced character by character; in bytes of UTF-8. */
const MAX_CLUSTER_BYTES = 5;

/**
 * The normaliser `Precompiled` of a tokenizer.json, as the Rust library does it, which is not quite as SentencePiece does: it looks at
 * grapheme clusters, and takes the shortest match at the beginning of one for all of it. Throws a `RangeError` for a map that does not hold.
 */
export function precompiledNormalizer(base64: string, location: string): (text: string) => string {
  const map = new CharacterMap(bytesOf(base64, location), location);
  const replaceCharacters = (cluster: string) => {
    let text = '';
    for (const character of cluster) text += map.shortestMatch(character, 0, character.length)?.text ?? character;
    return text;
  };
  const replace = (cluster: string) => {
    const isShort = new TextEncoder().encode(cluster).length <= MAX_CLUSTER_BYTES;
    const whole = isShort ? map.shortestMatch(cluster, 0, cluster.length) : undefined;
    return whole?.text ?? replaceCharacters(cluster);
  };
  return (text) => clustersOf(wellFormed(text)).map(replace).join('');
}

function bytesOf(base64: string, location: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new RangeError(`Cannot read ${location}: its map of characters is not base64`, { cause });
  }
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The grapheme clusters of a text. */
function clustersOf(text: string): readonly string[] {
  const clusters: string[] = [];
  let start = 0;
  for (let at = 1; at <= text.length; at++) {
    if (at < text.length && !isSimpleBoundary(text, at)) continue;
    const part = text.slice(start, at);
    if (part.length === 1) clusters.push(part);
    else for (const { segment } of segmenter.segment(part)) clusters.push(segment);
    start = at;
  }
  return clusters;
}

/** Characters below U+0300 do not join one another, but for a line feed after a carriage return; most texts need no more than that. */
function isSimpleBoundary(text: string, at: number): boolean {
  const [left, right] = [text.charCodeAt(at - 1), text.charCodeAt(at)];
  return left < 0x300 && right < 0x300 && !(left === 0x0d && right === 0x0a);
}
