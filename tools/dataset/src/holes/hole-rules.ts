import type { TextRange } from '@repoformer/syntax';
import type { HoleKind } from '../record.js';
import { lineAt, overlapping, type SourceFile } from './source-file.js';

/** Longest truth, in UTF-16 code units. */
export const MAX_MIDDLE_CHARS = 1_200;
/** Longest line in a hole, in UTF-16 code units: longer ones are data. */
export const MAX_LINE_CHARS = 240;
/** Lines of the file that stand before any hole. */
export const MIN_LINES_BEFORE = 5;
/** Word characters of code in any truth: less is brackets, or a guess. */
export const MIN_WORD_CHARS = 3;
/** Lines around a hole that have no syntax error. */
const ERROR_DISTANCE_LINES = 10;
/** Largest share of comments in a truth of several lines; nobody can tell what others would remark. */
const MAX_COMMENT_SHARE = 0.2;

/** Largest share of strings in a truth: messages and texts for people are not learnt from code. */
const MAX_STRING_SHARE = 0.6;

/** Words that say nothing when there are no others: no one asks for them to be completed. */
const LONE_WORDS = new Set(
  (
    'else try finally pass return break continue default do then end begin ensure rescue loop None null true false ' +
    'void any export import from const let var async await function class property staticmethod classmethod override constructor super'
  ).split(' '),
);

/** More of them by language, where all of the lines hold no others: attributes, and what is written without thinking. */
const LONE_WORDS_OF: Readonly<Record<string, ReadonlySet<string>>> = {
  go: new Set('fallthrough func nil'.split(' ')),
  java: new Set('Deprecated FunctionalInterface Override SuppressWarnings static'.split(' ')),
  rust: new Set('always cfg cold deprecated ignore inline must_use non_exhaustive test unsafe'.split(' ')),
};

/** Whether a person could want this completed: see the rules above, each is one line here. */
export function isWorthAsking(file: SourceFile, kind: HoleKind, start: number, end: number): boolean {
  const { text, language, lines, prose, tree } = file;
  if (end <= start || end - start > MAX_MIDDLE_CHARS) return false;
  const first = lineAt(file, start);
  const last = lineAt(file, end);
  if (first < MIN_LINES_BEFORE) return false;
  for (let line = first; line <= last; line++) {
    if (lines[line]!.codeEnd - lines[line]!.start > MAX_LINE_CHARS) return false;
  }
  const inside = overlapping(prose, start, end);
  if (isWithin(inside, start) || overlapping(prose, end, end + 1).some((range) => range.start < end))
    return false;
  const mayRemark = kind === 'chunk' || kind === 'function';
  const maxComments = mayRemark ? MAX_COMMENT_SHARE * (end - start) : 0;
  if (charsWithin(tree.comments(), start, end) > maxComments) return false;
  if (charsWithin(tree.strings(), start, end) > MAX_STRING_SHARE * (end - start)) return false;
  if (!saysSomething(codeOf(text, inside, start, end))) return false;
  const lineStart = lines[first]!.codeStart;
  const whole = codeOf(text, overlapping(prose, lineStart, end), lineStart, end);
  if (!saysMoreThan(LONE_WORDS_OF[language], whole)) return false;
  if (kind !== 'line_rest' && repeatsTheLineAbove(file, first)) return false;
  const near = {
    start: lines[Math.max(0, first - ERROR_DISTANCE_LINES)]!.start,
    end: lines[Math.min(lines.length - 1, last + ERROR_DISTANCE_LINES)]!.codeEnd,
  };
  return !tree.hasError(near);
}

/** Whether it is about what a file takes from others. */
export function isImport({ tree, text }: SourceFile, start: number, end: number): boolean {
  if (overlapping(tree.imports(), start, end).length > 0) return true;
  const line = text.slice(text.lastIndexOf('\n', start - 1) + 1, end);
  return /^\s*export\b.*\bfrom\s*['"]|\brequire(_relative)?\s*\(?\s*['"]|^\s*__all__\b/.test(line);
}

/** Whether an offset is inside a comment or string: a person would be writing prose there. */
export function isInProse({ prose }: SourceFile, offset: number): boolean {
  return isWithin(overlapping(prose, offset, offset + 1), offset);
}

function isWithin(ranges: readonly TextRange[], offset: number): boolean {
  return ranges.some(({ start, end }) => start < offset && offset < end);
}

function charsWithin(ranges: readonly TextRange[], start: number, end: number): number {
  return overlapping(ranges, start, end).reduce(
    (sum, range) => sum + Math.min(range.end, end) - Math.max(range.start, start),
    0,
  );
}

/** The text of a range without comments and strings. */
function codeOf(text: string, prose: readonly TextRange[], start: number, end: number): string {
  let code = '';
  let at = start;
  for (const range of prose) {
    code += `${text.slice(at, Math.max(at, range.start))} `;
    at = Math.max(at, range.end);
  }
  return code + text.slice(Math.min(at, end), end);
}

function saysSomething(code: string): boolean {
  const words = wordsOf(code);
  const chars = words.reduce((sum, word) => sum + word.length, 0);
  if (chars < MIN_WORD_CHARS || !words.some((word) => /^[\p{L}_$]/u.test(word))) return false;
  return !words.every((word) => LONE_WORDS.has(word));
}

function saysMoreThan(lone: ReadonlySet<string> | undefined, code: string): boolean {
  return !lone || !wordsOf(code).every((word) => lone.has(word) || LONE_WORDS.has(word));
}

function wordsOf(code: string): readonly string[] {
  return code.match(/[\p{L}\p{N}_$]+/gu) ?? [];
}

function repeatsTheLineAbove({ text, lines }: SourceFile, line: number): boolean {
  const codeOfLine = (index: number) => {
    const { codeStart, codeEnd } = lines[index]!;
    return text.slice(codeStart, codeEnd);
  };
  return line > 0 && codeOfLine(line) === codeOfLine(line - 1);
}
