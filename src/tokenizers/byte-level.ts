import { type TextStream, Utf8Stream } from './text-stream.ts';

/**
 * The alphabet of byte-level BPE, by byte (Radford et al. 2019, `bytes_to_unicode`): printable bytes stand for themselves,
 * the others for the characters from U+0100 on.
 */
export const BYTE_CHARACTERS: readonly string[] = (() => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    return String.fromCharCode(isPrintable ? byte : next++);
  });
})();

const BYTES: ReadonlyMap<string, number> = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));

/** Byte-level tokens to text. A token with a character outside the alphabet (an added one) is text already. */
export function byteLevelStream(): TextStream {
  const utf8 = new Utf8Stream();
  return {
    push: (token) => utf8.push(tokenBytes(token)),
    end: () => utf8.end(),
  };
}

function tokenBytes(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = BYTES.get(token[i]!);
    if (byte === undefined) return new TextEncoder().encode(token);
    bytes[i] = byte;
  }
  return bytes;
}
