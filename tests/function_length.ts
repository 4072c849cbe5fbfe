/**
 * How many lines functions have, in source code as `deno fmt` lays it out.
 *
 * @module
 */

/** A function, a method or a callback. */
interface FunctionLength {
  /** The first line, without its indentation. */
  readonly header: string;
  /** Lines from the first to the last, those of a table left out. */
  readonly lines: number;
}

/** What a statement with a block begins with that is no function. */
const STATEMENT =
  /^(?:if|else|for|while|do|switch|try|catch|finally|return|throw|case|class|interface|type|const|let|export (?!(?:default )?(?:async )?function))\b/;

/** What a function or a method begins with. */
const FUNCTION =
  /^(?:(?:export|default|async|static|override|private|get|set) )*(?:function\b|\*?#?\w+[(<]|\*?\[Symbol\.)/;

/**
 * The functions of a source. The lines of a table are left out: those of the object
 * that a function returns in its last statement, as a table of ops by name.
 *
 * In formatted code a block ends at the first line that begins with a closing brace and
 * is indented as the line that opens it.
 */
export function functionLengths(source: string): FunctionLength[] {
  const lines = source.split("\n");
  return lines.flatMap((line, i) => {
    if (!line.endsWith("{") || /^\s*(?:\* |\/\/)/.test(line)) return [];
    const begin = beginOf(lines, i);
    const header = lines[begin].trim();
    if (!line.endsWith("=> {") && !isMethod(header, line.trim())) return [];
    const end = endOf(lines, i);
    return [{ header, lines: end - begin + 1 - tableLines(lines, i, end) }];
  });
}

/** Whether the body of a function or method begins at the end of a line. */
function isMethod(header: string, line: string): boolean {
  if (STATEMENT.test(header) || !FUNCTION.test(header)) return false;
  const opened = line.match(/[(]/g)?.length ?? 0;
  const closed = line.match(/[)]/g)?.length ?? 0;
  return header === line
    ? opened > 0 && opened === closed
    : /^[>}]+ \{$/.test(line) || closed === opened + 1;
}

/** The line on which begins what goes on in line `i`. */
function beginOf(lines: readonly string[], i: number): number {
  let begin = i;
  while (/^\s*[)}\]>]/.test(lines[begin])) {
    const indent = indentOf(lines[begin]);
    do begin--; while (lines[begin] === "" || indentOf(lines[begin]) > indent);
  }
  return begin;
}

/** The line on which the block ends that line `i` opens. */
function endOf(lines: readonly string[], i: number): number {
  const indent = indentOf(lines[i]);
  return lines.findIndex((line, at) =>
    at > i && indentOf(line) === indent && line.trim().startsWith("}")
  );
}

/** The lines of the object that the block from line `i` to line `end` returns last. */
function tableLines(lines: readonly string[], i: number, end: number): number {
  const indent = " ".repeat(indentOf(lines[i]) + 2);
  const begin = lines.lastIndexOf(`${indent}return {`, end);
  return begin > i && lines[end - 1] === `${indent}};` ? end - 1 - begin : 0;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
