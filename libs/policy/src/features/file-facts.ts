import { readCursor, type CursorFacts } from './cursor-facts.js';
import { definedNames, familyOf, type LanguageFamily } from './definitions.js';
import type { FeatureView } from './feature-view.js';
import { readImports, type Imports } from './imports.js';
import { pathParts, type PathParts } from './paths.js';
import { identifierSet, wordsOf } from './words.js';

/**
 * What is looked at of a file: what a prompt holds of it with the default budgets, so that a name is known where the
 * model knows it. The rest of the file is searched for context like other files. Characters are UTF-16 code units.
 */
const PREFIX_LINES = 200;
const PREFIX_CHARS = 1_536;
const SUFFIX_LINES = 60;
const SUFFIX_CHARS = 384;
/** Imports are looked for at the beginning of the file, too: the model does not see them, but they say whose names. */
const HEAD_CHARS = 8_000;

/** As in retrieval's query. */
const QUERY_LINES_BEFORE = 8;
const QUERY_LINES_AFTER = 4;
const LINES_BEFORE = 20;
const NEAR_LINES = 3;
const MATCH_WORDS = 24;

/** What the current file says about a hole. */
export interface FileFacts {
  readonly family: LanguageFamily;
  readonly path: PathParts;
  readonly imports: Imports;
  readonly cursor: CursorFacts;
  readonly prefixLength: number;
  readonly suffixLength: number;
  /** Words of the end of the prefix and of the beginning of the suffix, in order. */
  readonly prefixWords: readonly string[];
  readonly suffixWords: readonly string[];
  /** All distinct words of those, and of the import lines. */
  readonly known: ReadonlySet<string>;
  /** Distinct words that retrieval was asked with: of eight lines before the cursor and four below its line. */
  readonly queryWords: ReadonlySet<string>;
  /** Distinct words of ten lines above and ten below. */
  readonly aroundWords: ReadonlySet<string>;
  /** Distinct identifiers of the last three lines, without the word under construction. */
  readonly nearIdentifiers: ReadonlySet<string>;
  /** Those of them that these lines do not define, that are not imported and that occur nowhere else in what is seen. */
  readonly unresolved: ReadonlySet<string>;
  /** The last words before the cursor, without the one under construction. */
  readonly lastWords: readonly string[];
  /** Trimmed lines before the cursor's line that are not blank, the nearest last. */
  readonly linesBefore: readonly string[];
  /** Distinct identifiers of the first five lines after the hole that are not blank. */
  readonly nextIdentifiers: ReadonlySet<string>;
  /** Whether another line of the file begins with what is typed. */
  readonly startsWithTyped: boolean;
}

export function readFile(view: FeatureView): FileFacts {
  const { prefix, suffix } = view;
  const family = familyOf(view.language);
  const lines = lastLines(prefix);
  const suffixLines = suffix.slice(0, SUFFIX_CHARS).split('\n', SUFFIX_LINES);
  const suffixText = suffixLines.join('\n');
  const cursor = readCursor(lines, suffixLines[0] ?? '');
  const tail = lines.join('\n');
  const head =
    prefix.length > tail.length ? prefix.slice(0, Math.min(HEAD_CHARS, prefix.length - tail.length)) : '';
  const imports = readImports(head === '' ? tail : `${head}\n${tail}`, family);

  const wholePrefixWords = wordsOf(tail);
  const prefixWords = cursor.partialWord === '' ? wholePrefixWords : wholePrefixWords.slice(0, -1);
  const suffixWords = wordsOf(suffixText);
  const known = new Set(prefixWords);
  for (const word of suffixWords) known.add(word);
  for (const name of imports.names) known.add(name);

  const nearText = lines.slice(-NEAR_LINES).join('\n');
  const near = withoutLast(wordsOf(nearText), cursor.partialWord !== '');
  const nearIdentifiers = identifierSet(near);
  return {
    family,
    path: pathParts(view.path),
    imports,
    cursor,
    prefixLength: prefix.length,
    suffixLength: suffix.length,
    prefixWords,
    suffixWords,
    known,
    queryWords: new Set(
      wordsOf(
        [...lines.slice(-QUERY_LINES_BEFORE), ...suffixLines.slice(1, 1 + QUERY_LINES_AFTER)].join('\n'),
      ),
    ),
    aroundWords: new Set([
      ...withoutLast(wordsOf(lines.slice(-10).join('\n')), cursor.partialWord !== ''),
      ...wordsOf(suffixLines.slice(0, 10).join('\n')),
    ]),
    nearIdentifiers,
    unresolved: without(nearIdentifiers, [
      prefixWords.slice(0, Math.max(0, prefixWords.length - near.length)),
      suffixWords,
      imports.names,
      definedNames(nearText, family),
    ]),
    lastWords: prefixWords.slice(-MATCH_WORDS),
    linesBefore: lines
      .slice(-LINES_BEFORE - 1, -1)
      .map((line) => line.trim())
      .filter((line) => line !== ''),
    nextIdentifiers: identifierSet(
      wordsOf(
        suffixLines
          .slice(1)
          .filter((line) => line.trim() !== '')
          .slice(0, 5)
          .join('\n'),
      ),
    ),
    startsWithTyped: [...lines.slice(0, -1), ...suffixLines.slice(1)].some((line) =>
      isTypedAgain(cursor.typed.trim(), line),
    ),
  };
}

/** The end of a prefix as lines, from a line's start unless that line is very long. */
function lastLines(prefix: string): string[] {
  const lines = prefix.slice(-PREFIX_CHARS).split('\n');
  if (prefix.length > PREFIX_CHARS && lines.length > 1) lines.shift();
  return lines.slice(-PREFIX_LINES).map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}

/** Whether a line begins with what is typed, if that is long enough to tell. */
export function isTypedAgain(typed: string, line: string): boolean {
  return typed.length >= 3 && line.trimStart().startsWith(typed);
}

function withoutLast(words: string[], drop: boolean): string[] {
  return drop ? words.slice(0, -1) : words;
}

function without(names: ReadonlySet<string>, others: readonly Iterable<string>[]): Set<string> {
  const left = new Set(names);
  for (const words of others) for (const word of words) left.delete(word);
  return left;
}
