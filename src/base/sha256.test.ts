import { afterEach, expect, test, vi } from 'vitest';
import { sha256, sha256Hex } from './sha256.ts';

afterEach(() => vi.unstubAllGlobals());

test('gives the digests of FIPS 180-4', async () => {
  expect(await sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(await sha256Hex(new Uint8Array())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect((await sha256(Uint8Array.of(1))).length).toBe(32);
});

test('says where browsers do not have it', async () => {
  vi.stubGlobal('crypto', {});
  await expect(sha256Hex('abc')).rejects.toThrow('Cannot compute a checksum: this page was not loaded over HTTPS');
});
