/** Prints rows as a Markdown table: the first column to the left, the others to the right. A figure that is not known is a dash. */
export function printTable(head: readonly string[], figures: readonly (readonly string[])[]): void {
  const rows = figures.map((row) => row.map((cell) => (cell === 'NaN' ? '–' : cell)));
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) => {
    const padded = cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)));
    console.log(`| ${padded.join(' | ')} |`);
  };
  line(head);
  console.log(`| ${widths.map((width, i) => '-'.repeat(width - (i && 1)) + (i ? ':' : '')).join(' | ')} |`);
  rows.forEach(line);
}
