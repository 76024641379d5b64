/** `124,439,808` */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

const BYTE_UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Bytes in the largest binary unit that leaves at least one: `474.7 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** Milliseconds as seconds: `0.31 s`. */
export function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

/** A share of one: `71 %`. */
export function formatPercent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %` : '–';
}

/** Three significant digits at least, never an exponent: `512`, `70.1`, `3.25`. */
export function formatRate(rate: number): string {
  if (!Number.isFinite(rate)) return '–';
  const decimals = rate >= 100 ? 0 : rate >= 10 ? 1 : 2;
  return rate.toFixed(decimals);
}

/** Columns of text, each as wide as its widest cell; `right` names the columns of numbers. */
export function formatTable(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (right.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}
