/** SHA-256 (FIPS 180-4). Throws an `Error` in a page that was not loaded over HTTPS, where browsers do not have it. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const { subtle } = globalThis.crypto;
  if (subtle === undefined) throw new Error('Cannot compute a checksum: this page was not loaded over HTTPS');
  return new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}

/** The SHA-256 of a text in UTF-8, or of bytes, in hexadecimal. */
export async function sha256Hex(content: Uint8Array | string): Promise<string> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return Array.from(await sha256(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
