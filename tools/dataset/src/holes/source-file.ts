import { createHash } from 'node:crypto';
import { AppError, languageOfPath } from '@repoformer/domain';
import type { Syntax, SyntaxTree, TextRange } from '@repoformer/syntax';
import { isTestPath } from './is-test-path.js';

/** Offsets of one line, in UTF-16 code units. */
export interface Line {
  readonly start: number;
  /** Where its first character stands that is no white space; `codeEnd` when there is none. */
  readonly codeStart: number;
  /** Behind its last character that is no white space. */
  readonly codeEnd: number;
}

/** A file of a repository, with all that choosing holes in it needs to know. */
export interface SourceFile {
  readonly path: string;
  readonly language: string;
  readonly text: string;
  /** Git's id of the text as a blob. */
  readonly blob: string;
  readonly isTest: boolean;
  readonly lines: readonly Line[];
  readonly tree: SyntaxTree;
  /** Comments and strings, in the order of the text. */
  readonly prose: readonly TextRange[];
}

/** Why a file of a repository has no holes. */
export type FileSkip = 'language' | 'too_large' | 'minified' | 'unparseable' | 'duplicate';

/** Larger files are data or bundles. UTF-16 code units. */
const MAX_FILE_CHARS = 500_000;
/** People break lines before; the mean of what tools emit is far beyond. */
const MAX_MEAN_LINE_CHARS = 120;

/** Reads one file's syntax, or says why it is left out. */
export async function readSourceFile(
  path: string,
  text: string,
  syntax: Syntax,
): Promise<SourceFile | FileSkip> {
  const language = languageOfPath(path);
  if (!syntax.languages.includes(language)) return 'language';
  if (text.length > MAX_FILE_CHARS) return 'too_large';
  const lines = linesOf(text);
  const codeLines = lines.filter(({ codeStart, codeEnd }) => codeEnd > codeStart);
  const chars = codeLines.reduce((sum, { start, codeEnd }) => sum + codeEnd - start, 0);
  if (chars > MAX_MEAN_LINE_CHARS * codeLines.length) return 'minified';
  const tree = await parseOrNothing(text, language, syntax);
  if (!tree) return 'unparseable';
  const prose = [...tree.comments(), ...tree.strings()].sort((a, b) => a.start - b.start);
  return { path, language, text, blob: blobId(text), isTest: isTestPath(path), lines, tree, prose };
}

/** A hostile file costs its time limit and is left out; it does not end the run. */
async function parseOrNothing(
  text: string,
  language: string,
  syntax: Syntax,
): Promise<SyntaxTree | undefined> {
  try {
    return await syntax.parse(text, language);
  } catch (error) {
    const isAboutTheText =
      error instanceof AppError &&
      (error.kind === 'deadline_exceeded' || error.kind === 'resource_exhausted');
    if (isAboutTheText) return undefined;
    throw error;
  }
}

function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  for (let start = 0; start <= text.length;) {
    const newline = text.indexOf('\n', start);
    const stop = newline < 0 ? text.length : newline;
    let codeEnd = stop;
    while (codeEnd > start && isSpace(text.charCodeAt(codeEnd - 1))) codeEnd -= 1;
    let codeStart = start;
    while (codeStart < codeEnd && isSpace(text.charCodeAt(codeStart))) codeStart += 1;
    lines.push({ start, codeStart, codeEnd });
    start = stop + 1;
  }
  return lines;
}

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || code === 0xa0 || code === 0xfeff;
}

/** The line that an offset is on. */
export function lineAt({ lines }: SourceFile, offset: number): number {
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (lines[middle]!.start <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Those of sorted ranges without overlap that share a character with [start, end). */
export function overlapping(ranges: readonly TextRange[], start: number, end: number): TextRange[] {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle]!.end <= start) low = middle + 1;
    else high = middle;
  }
  const found: TextRange[] = [];
  for (let index = low; index < ranges.length && ranges[index]!.start < end; index++)
    found.push(ranges[index]!);
  return found;
}

function blobId(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}
