import type { Syntax, TextRange } from '@repoformer/syntax';
import { AppError } from '@repoformer/domain';
import { isIdentifier, partialWord, wordsOf } from '../corpus/words.js';
import type { RetrievalRequest } from '../ports.js';

/**
 * What a hole's context should show: names of the truth that the prompt lacks.
 *
 * - `specific`: those of its code that few repositories have; what retrieval is for.
 * - `code`: all names of its code, words under construction at the cursor joined to whole ones.
 * - `plain`: all words of the truth as they stand, comments and strings too.
 */
export const TRUTHS = ['specific', 'code', 'plain'] as const;
export type Truth = (typeof TRUTHS)[number];

/** Distinct names; none: there is nothing to find. */
export type NewNames = Readonly<Record<Truth, ReadonlySet<string>>>;

/** Time for one file with its truth. */
const TIMEOUT_MS = 4_000;

/** @param generic names that everyone uses */
export async function newNamesOf(
  request: Pick<RetrievalRequest, 'prefix' | 'suffix' | 'visible' | 'language'>,
  middle: string,
  generic: ReadonlySet<string>,
  syntax: Syntax,
): Promise<NewNames> {
  const shown = new Set(wordsOf(visibleText(request)));
  const isNew = (word: string) => isIdentifier(word) && !shown.has(word);
  const code = new Set((await codeWords(request, middle, syntax)).filter(isNew));
  return {
    plain: new Set(wordsOf(middle).filter(isNew)),
    code,
    specific: new Set([...code].filter((name) => !generic.has(name))),
  };
}

/** What the prompt shows of the current file. */
export function visibleText({
  prefix,
  suffix,
  visible,
}: Pick<RetrievalRequest, 'prefix' | 'suffix' | 'visible'>): string {
  const before = prefix.slice(Math.max(0, prefix.length - visible.beforeChars));
  return `${before}\n${suffix.slice(0, visible.afterChars)}`;
}

/** The words that the truth makes or completes, but for those in comments and in strings of several words. */
async function codeWords(
  { prefix, suffix, language }: Pick<RetrievalRequest, 'prefix' | 'suffix' | 'language'>,
  middle: string,
  syntax: Syntax,
): Promise<string[]> {
  const text = prefix + middle + suffix;
  const from = prefix.length;
  const to = from + middle.length;
  const proses = (await proseOf(text, language, syntax)).filter(({ start, end }) => end > from && start < to);
  const begun = /^[\w\u0080-\uffff]/.test(middle) ? partialWord(prefix).length : 0;
  const ending = /^[\w\u0080-\uffff]*/.exec(suffix.slice(0, 200))![0].length;
  const isWholeAtEnd = !/[\w\u0080-\uffff]$/.test(middle);
  const region = text.slice(from - begun, isWholeAtEnd ? to : to + ending);
  return [...region.matchAll(/[\w\u0080-\uffff]+/g)].flatMap(({ 0: word, index }) => {
    const at = from - begun + index;
    return proses.some(({ start, end }) => start <= at && at < end) ? [] : [word];
  });
}

async function proseOf(text: string, language: string, syntax: Syntax): Promise<TextRange[]> {
  const tree = await syntax.parse(text, language, { timeoutMs: TIMEOUT_MS }).catch((error: unknown) => {
    if (error instanceof AppError && ['deadline_exceeded', 'resource_exhausted'].includes(error.kind)) {
      return undefined;
    }
    throw error;
  });
  if (tree === undefined) return [];
  const prose = tree.strings().filter(({ start, end }) => /\s/.test(text.slice(start, end)));
  return [...tree.comments(), ...prose];
}
