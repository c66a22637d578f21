import { wordsOf } from './words.js';

/** What stands right before and after the cursor. Lengths are UTF-16 code units. */
export interface CursorFacts {
  /** The line before the cursor without its indentation. */
  readonly typed: string;
  /** The word under construction: word characters right before the cursor; empty: none. */
  readonly partialWord: string;
  /** What the word under construction (or the next one) follows. */
  readonly after:
    'dot' | 'parenthesis' | 'bracket' | 'comma' | 'assignment' | 'colon' | 'keyword' | 'lineStart' | 'other';
  /** The keyword, where `after` is one. */
  readonly keyword: string;
  /** The name before the dot at the cursor; empty: none. */
  readonly receiver: string;
  /** The name before the innermost open parenthesis; empty: none. */
  readonly callee: string;
  readonly lineDepth: number;
  readonly statementDepth: number;
  readonly isComment: boolean;
  /** Columns, a tab being four. */
  readonly indentation: number;
  readonly previousIndentation: number;
  /** The last line above that is not blank, without indentation; empty: none. */
  readonly previousLine: string;
  readonly isPreviousBlank: boolean;
  /** What is left of the line after the cursor. */
  readonly restOfLine: string;
}

const KEYWORDS = new Set(
  `return yield await raise throw new import from require def class function interface type enum extends implements
   const let var if elif else for while in not and or is with as lambda case assert del typeof instanceof fn func
   struct impl use pub match async export default`.split(/\s+/),
);
/** Enough for a statement that is being written; more is another one. */
const STATEMENT_CHARS = 1_500;
const LINE_CHARS = 400;

/** @param lines the end of the prefix, the line of the cursor last */
export function readCursor(lines: readonly string[], restOfLine: string): CursorFacts {
  const line = (lines.at(-1) ?? '').slice(-LINE_CHARS);
  const typed = line.trimStart();
  const partialWord = /[\w\u0080-\uffff]{0,120}$/.exec(typed)?.[0] ?? '';
  const lead = typed.slice(0, typed.length - partialWord.length);
  const { after, keyword } = whatPrecedes(lead);
  let above = lines.length - 2;
  while (above >= 0 && lines[above]!.trim() === '') above--;
  const previous = above >= 0 ? lines[above]!.slice(0, LINE_CHARS) : '';
  const statement = lines.slice(-20).join('\n').slice(-STATEMENT_CHARS);
  const { depth: statementDepth, openAt } = openBrackets(statement);
  return {
    typed,
    partialWord,
    after,
    keyword,
    receiver: after === 'dot' ? (wordsOf(lead.slice(-130)).at(-1) ?? '') : '',
    callee:
      openAt < 0
        ? ''
        : (/([\w\u0080-\uffff]{1,120})(?:<[^>]{0,60}>)?[ \t]{0,4}$/.exec(
            statement.slice(Math.max(0, openAt - 200), openAt),
          )?.[1] ?? ''),
    lineDepth: openBrackets(line).depth,
    statementDepth,
    isComment: /^(?:#|\/\/|\/\*|\*|"""|--)/.test(typed),
    indentation: indentationOf(line),
    previousIndentation: indentationOf(previous),
    previousLine: previous.trim(),
    isPreviousBlank: lines.length > 1 && lines.at(-2)!.trim() === '',
    restOfLine: restOfLine.slice(0, LINE_CHARS).trim(),
  };
}

function whatPrecedes(lead: string): Pick<CursorFacts, 'after' | 'keyword'> {
  const text = lead.trimEnd();
  const none = (after: CursorFacts['after']) => ({ after, keyword: '' });
  if (text === '') return none('lineStart');
  if (text.endsWith('.') || text.endsWith('->') || text.endsWith('::')) return none('dot');
  const last = text.at(-1)!;
  if (last === '(') return none('parenthesis');
  if (last === '[' || last === '{') return none('bracket');
  if (last === ',') return none('comma');
  if (last === ':') return none('colon');
  if (last === '=' || text.endsWith('=>')) return none(/[=!<>]=$/.test(text) ? 'other' : 'assignment');
  const keyword = /[A-Za-z]{1,12}$/.exec(text)?.[0] ?? '';
  const isKeyword = text.length < lead.length && KEYWORDS.has(keyword);
  return isKeyword ? { after: 'keyword', keyword } : none('other');
}

/**
 * Parentheses and square brackets that are open at the end of a text (braces are mostly blocks), and where the
 * innermost parenthesis is; -1: there is none. Brackets in strings count: rare, and as rare when fitting.
 */
function openBrackets(text: string): { depth: number; openAt: number } {
  let closed = 0;
  let depth = 0;
  let openAt = -1;
  for (let at = text.length - 1; at >= 0; at--) {
    const char = text.charCodeAt(at);
    if (char === 41 || char === 93) closed++;
    else if (char === 40 || char === 91) {
      if (closed > 0) closed--;
      else {
        depth++;
        if (openAt < 0 && char === 40) openAt = at;
      }
    }
  }
  return { depth, openAt };
}

function indentationOf(line: string): number {
  let columns = 0;
  for (const char of line) {
    if (char === ' ') columns++;
    else if (char === '\t') columns += 4;
    else break;
  }
  return Math.min(columns, 80);
}
