import type { Syntax } from '@repoformer/syntax';
import { AppError } from '@repoformer/domain';

/** Lines of a definition; lines are 0-based, ends exclusive. */
export interface Definition {
  /** Empty for a function that has none. */
  readonly name: string;
  readonly startLine: number;
  readonly endLine: number;
  /** First line of the body of a function; absent where there is none. */
  readonly bodyLine?: number;
}

/** What the syntax of a file tells a chunker or a retriever. */
export interface FileSyntax {
  /** Functions, methods, classes and types, by their first line. */
  readonly definitions: readonly Definition[];
  /** Names called, and the line of each call. */
  readonly calls: readonly { readonly name: string; readonly line: number }[];
  /** Text of the import statements. */
  readonly imports: readonly string[];
}

/** Time for one file. One that takes longer is treated as text. */
const TIMEOUT_MS = 2_000;
/** Functions without a name below this many lines are no unit of their own: callbacks. */
const LEAST_NAMELESS_LINES = 3;

/**
 * Reads the syntax of a text.
 *
 * @returns undefined for a language without a grammar, and for a text that is too large or takes too long to parse
 */
export async function readFileSyntax(
  syntax: Syntax,
  text: string,
  language: string,
): Promise<FileSyntax | undefined> {
  const tree = await syntax.parse(text, language, { timeoutMs: TIMEOUT_MS }).catch((error: unknown) => {
    if (error instanceof AppError && ['deadline_exceeded', 'resource_exhausted'].includes(error.kind)) {
      return undefined;
    }
    throw error;
  });
  if (tree === undefined) return undefined;
  const lineOf = lineFinder(text);
  const functions = tree.functions();
  const bodies = new Map(functions.map(({ start, end, body }) => [`${start}:${end}`, body] as const));
  const named = tree.definitions().map(({ name, start, end }): Definition => {
    const body = bodies.get(`${start}:${end}`);
    bodies.delete(`${start}:${end}`);
    return {
      name,
      startLine: lineOf(start),
      endLine: lineOf(Math.max(start, end - 1)) + 1,
      ...(body && { bodyLine: lineOf(body.start) }),
    };
  });
  const nameless = functions
    .filter(({ start, end, startLine, endLine }) => {
      return bodies.has(`${start}:${end}`) && endLine - startLine >= LEAST_NAMELESS_LINES;
    })
    .map(({ name, startLine, endLine, body }): Definition => ({
      name,
      startLine,
      endLine,
      bodyLine: lineOf(body.start),
    }));
  return {
    definitions: [...named, ...nameless].sort((a, b) => a.startLine - b.startLine || b.endLine - a.endLine),
    calls: tree
      .calls()
      .flatMap(({ callee, start }) => (callee ? [{ name: callee, line: lineOf(start) }] : [])),
    imports: tree.imports().map(({ start, end }) => text.slice(start, end)),
  };
}

/** The line that a character stands on. */
export function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    for (let high = starts.length; high - low > 1;) {
      const middle = (low + high) >>> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low;
  };
}
