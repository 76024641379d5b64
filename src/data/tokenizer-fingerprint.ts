import { sha256Hex } from '../base/sha256.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** Words, digits, spaces, line ends, marks, accents, other scripts and a symbol outside the basic plane. */
const PROBE =
  "Once upon a time, there's 1,234.5 — naïve café\n\n\tfoo  bar()\r\n if (x != y) { }  Съешь ещё 東京タワー ก็ 🙂 unbelievably";

/** Tells a tokenizer from every other that would give other ids: a hash of its vocabulary and of what it makes of a text. */
export function tokenizerFingerprint(tokenizer: Tokenizer): Promise<string> {
  const tokens = Array.from({ length: tokenizer.vocabSize }, (_, id) => [
    tokenizer.idToToken(id) ?? null,
    tokenizer.isSpecial(id),
  ]);
  const probes = [PROBE, ...PROBE.split(' ')].map((text) => tokenizer.encode(text, { addSpecialTokens: false }));
  return sha256Hex(JSON.stringify({ tokens, probes }));
}
