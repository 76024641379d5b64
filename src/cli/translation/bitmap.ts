const FILE_HEADER_BYTES = 14;
const INFO_HEADER_BYTES = 40;
const NUM_COLORS = 256;

/** From nothing to all, as red, green and blue. */
const [LIGHT, DARK] = [
  [247, 249, 255],
  [18, 52, 140],
] as const;

/**
 * A picture of `values` (rows · columns) from 0 to 1, light to dark, as a data URI of an 8-bit bitmap. The format is that of
 * Windows 3 (BITMAPINFOHEADER): rows from the last to the first, each filled up to 4 bytes.
 */
export function bitmapUri(values: Float32Array, columns: number): string {
  const rows = values.length / columns;
  const stride = Math.ceil(columns / 4) * 4;
  const start = FILE_HEADER_BYTES + INFO_HEADER_BYTES + 4 * NUM_COLORS;
  const bytes = new Uint8Array(start + stride * rows);
  writeHeaders(new DataView(bytes.buffer), { columns, rows, start, imageBytes: stride * rows });
  for (let color = 0; color < NUM_COLORS; color++) {
    const mix = (channel: 0 | 1 | 2) =>
      Math.round(LIGHT[channel] + ((DARK[channel] - LIGHT[channel]) * color) / (NUM_COLORS - 1));
    bytes.set([mix(2), mix(1), mix(0), 0], FILE_HEADER_BYTES + INFO_HEADER_BYTES + 4 * color);
  }
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const value = Math.min(1, Math.max(0, values[row * columns + column]!));
      bytes[start + (rows - 1 - row) * stride + column] = Math.round(value * (NUM_COLORS - 1));
    }
  return `data:image/bmp;base64,${Buffer.from(bytes).toString('base64')}`;
}

function writeHeaders(
  view: DataView,
  of: { readonly columns: number; readonly rows: number; readonly start: number; readonly imageBytes: number },
): void {
  view.setUint16(0, 0x424d); // BM
  view.setUint32(2, view.byteLength, true);
  view.setUint32(10, of.start, true);
  view.setUint32(14, INFO_HEADER_BYTES, true);
  view.setInt32(18, of.columns, true);
  view.setInt32(22, of.rows, true);
  view.setUint16(26, 1, true); // planes
  view.setUint16(28, 8, true); // bits
  view.setUint32(34, of.imageBytes, true);
  view.setUint32(46, NUM_COLORS, true);
}
