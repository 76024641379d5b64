/** Rows as an aligned table: work, value, share of the roof, what it should reach, and a note. */
export function formatTable(rows) {
  const cells = rows.map((row) => [row.work, row.value, share(row), goal(row), row.note ?? '']);
  const header = ['work', 'measured', 'share', 'wanted', ''];
  const widths = header.map((_, column) => Math.max(...[header, ...cells].map((cell) => cell[column].length)));
  const line = (cell) =>
    cell
      .map((text, column) => text.padEnd(widths[column]))
      .join('  ')
      .trimEnd();
  return [line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...cells.map(line)].join('\n');
}

function share({ share, shareOf }) {
  return share === undefined ? '' : `${share.toFixed(2)} of ${shareOf}`;
}

function goal({ share, target, goal, isMet }) {
  if (target !== undefined) return `${mark(share >= target)} ≥ ${target.toFixed(2)}`;
  return goal === undefined ? '' : `${mark(isMet)} ${goal}`;
}

function mark(isMet) {
  return isMet ? '✓' : '✗';
}
