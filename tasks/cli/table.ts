/**
 * Text in columns.
 *
 * @module
 */

/**
 * Rows in columns as wide as their widest cell, two spaces between them.
 *
 * @param right Which columns are flush right: numbers.
 */
export function tableLines(
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number> = new Set(),
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, [...cell].length);
    });
  }
  return rows.map((row) =>
    row.map((cell, i) => {
      const space = " ".repeat(widths[i] - [...cell].length);
      return right.has(i) ? space + cell : cell + space;
    }).join("  ").trimEnd()
  );
}
